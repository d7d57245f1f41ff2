import assert from 'node:assert/strict'
import { existsSync, mkdirSync, renameSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { names, startPod } from '../program/home.ts'
import { assertHostClean } from '../program/leftovers.ts'
import { plain, sh, story, tellStories } from '../program/story.ts'
import { hiding, runtimePaths, tellRefusals } from './refusal.ts'

const stage = tellStories()
const unsigned = '--insecure-options=image'
const pluginDirectories = ['/usr/lib/cni', '/opt/cni/bin', '/usr/lib/rkt/plugins/net']
const withoutPlugins = pluginDirectories.some((path) => existsSync(join(path, 'ptp'))) ? false : 'the CNI plugins are not installed'

tellRefusals(stage, [
  {
    what: 'to run without an OCI runtime', words: ({ busybox }) => ['run', ...plain, busybox], code: 'OCI_RUNTIME_MISSING',
    names: /crun|runc/, options: hiding(...runtimePaths),
  },
  {
    what: 'an OCI runtime that is not there', words: ({ busybox }) => ['run', ...plain, '--oci-runtime=nonsense', busybox],
    code: 'OCI_RUNTIME_MISSING', names: 'nonsense',
  },
  {
    what: 'an OCI runtime that is none', words: ({ busybox }) => ['run', ...plain, '--oci-runtime=/bin/false', busybox],
    code: 'OCI_RUNTIME_BROKEN', names: '/bin/false',
  },
  {
    what: 'a network without the CNI plugins', words: ({ busybox }) => ['run', unsigned, busybox], code: 'CNI_PLUGIN_MISSING',
    names: 'containernetworking-plugins', options: hiding(...pluginDirectories),
  },
  {
    what: 'a network that is not configured', words: ({ busybox }) => ['run', unsigned, '--net=nowhere', busybox],
    code: 'NETWORK_NOT_FOUND', names: 'nowhere',
  },
  {
    what: 'a flavor that nobody made', words: ({ busybox }) => ['run', ...plain, '--flavor=nonsense', busybox], code: 'FLAVOR_UNKNOWN',
    names: 'nonsense',
  },
  {
    what: 'a directory without a flavor', words: ({ busybox }) => ['run', ...plain, '--flavor=/usr', busybox], code: 'FLAVOR_UNKNOWN',
    names: '/usr',
  },
  {
    what: 'a program that its image lacks', words: ({ broken }) => ['run', ...plain, broken], code: 'APP_PROGRAM_MISSING',
    names: 'there-is-no-such-program',
  },
  { what: 'to prepare a program that its image lacks', words: ({ broken }) => ['prepare', unsigned, broken], code: 'APP_PROGRAM_MISSING' },
  {
    what: 'a program that is a text file', words: ({ busybox }) => ['run', ...plain, busybox, '--exec=/etc/passwd'],
    code: 'APP_PROGRAM_NOT_EXECUTABLE', names: '/etc/passwd',
  },
  {
    what: 'a user that its image does not know', words: ({ busybox }) => ['run', ...plain, busybox, '--user=nobody-here'],
    code: 'USER_INVALID', names: 'nobody-here',
  },
  {
    what: 'a group that its image does not know', words: ({ busybox }) => ['run', ...plain, busybox, '--group=nobody-here'],
    code: 'USER_INVALID', names: 'nobody-here',
  },
  {
    what: 'a working directory that its image lacks', words: ({ busybox }) => ['run', ...plain, busybox, '--working-dir=/nothing'],
    code: 'APP_DIRECTORY_MISSING', names: '/nothing',
  },
  {
    what: 'a host volume without its source',
    words: ({ data }) => ['run', ...plain, '--volume=data,kind=host,source=/nowhere/at/all', data], code: 'VOLUME_SOURCE_MISSING',
    names: '/nowhere/at/all',
  },
  {
    what: 'a text that is no host name', words: ({ busybox }) => ['run', ...plain, '--hostname=a b', busybox], code: 'HOSTNAME_INVALID',
    names: 'a b',
  },
  {
    what: 'a port that no app has', words: ({ busybox }) => ['run', unsigned, '--port=nope:80', busybox], code: 'PORT_NOT_FOUND',
    names: 'nope',
  },
  {
    what: 'a capability that there is not', words: ({ busybox }) => ['run', ...plain, busybox, '--caps-retain=CAP_NONSENSE'],
    code: 'ISOLATOR_INVALID', names: 'CAP_NONSENSE',
  },
  {
    what: 'a stage program that is not there', words: ({ busybox }) => ['run', ...plain, '--stage2=/nowhere/stage2', busybox],
    code: 'STAGE_NOT_FOUND', names: '/nowhere/stage2',
  },
])

story('refuses a port that a process of the host listens on, and leaves it alone', async () => {
  const { home, images } = stage
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '0.0.0.0', resolve))
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : assert.fail('no port')
  try {
    const { exitCode, stderr } = await home.rkt(['run', unsigned, `--port=talk:${port}`, images.server])
    assert.equal(exitCode, 254)
    assert.match(stderr, /\[PORT_IN_USE\]/)
    assert.match(stderr, new RegExp(String(port)))
    await assertHostClean(home)
  } finally {
    server.close()
  }
}, withoutPlugins)

/** Runs a script in a mount namespace of its own, in which the data directory is a file system of this size. */
const onSmallDisk = (data: string, size: string): string[] =>
  [
    'unshare', '--mount', '--propagation=private', '/bin/sh', '-c',
    `mkdir -p ${data}
    mount -t tmpfs -o size=${size},mode=755 none ${data} && "$@"
    code=$?
    ls -A ${data}/cas/ingest ${data}/cas/images >&2
    exit $code`,
    '/bin/sh',
  ]

for (const words of [['fetch', unsigned], ['prepare', unsigned], ['run', ...plain]] as const) {
  story(`rkt ${words[0]} on a full disk says so, with nothing half-stored`, async () => {
    const { home, images } = stage
    const data = join(home.directory, 'small')
    const { exitCode, stdout, stderr } = await home.rkt([`--dir=${data}`, ...words, images.busybox], { through: onSmallDisk(data, '700k') })
    assert.deepEqual({ exitCode, stdout }, { exitCode: 254, stdout: '' }, stderr)
    assert.match(stderr, /\[DISK_FULL\]/)
    assert.match(stderr, /^ {2}try: /m)
    assert.doesNotMatch(stderr, /sha512-/, 'an image record')
    assert.match(stderr, /cas\/ingest:\n$/)
  })
}

/** The same, and on standard error afterwards every file in the pod of these names, with what it holds. */
function thenTold(through: readonly string[], data: string, names: string): string[] {
  const tell = `cd ${data}/pods/run/* && for file in ${names}; do echo "$file: $(tr -d '\\n ' < $file)" >&2; done`
  return through.map((word) => word.replace('code=$?', `code=$?; ${tell}`))
}

story('a disk that fills while the app runs changes neither how the pod ends nor what is recorded of it', async () => {
  const { home, images } = stage
  const data = join(home.directory, 'small')
  const files = 'stage2.json apps/*/status.json stage1/rootfs/rkt/status/*'
  const { exitCode, stdout, stderr } = await home.rkt([
    `--dir=${data}`, 'run', ...plain,
    ...sh(images.busybox, 'dd if=/dev/zero of=/fill bs=64k 2>&1 | grep -c "No space left"; exit 3'),
  ], { through: thenTold(onSmallDisk(data, '12m'), data, files) })
  assert.deepEqual([exitCode, stdout], [3, '1\n'], stderr)
  assert.match(stderr, /^stage2\.json: .*"state":"ended".*"result":3/m)
  assert.match(stderr, /^apps\/busybox\/status\.json: .*"state":"exited".*"exitCode":3}$/m)
  assert.match(stderr, /^stage1\/rootfs\/rkt\/status\/busybox: 3$/m)
})

story('apps go on talking on a full disk, even one that takes every block that comes free; what is not logged is said once', async () => {
  const { home, images } = stage
  const data = join(home.directory, 'small')
  // The other app runs by then: one that starts on a full disk may well fail.
  const fill = 'trap "exit 0" TERM; until ps | grep -q "[s]leep 2"; do sleep 0.1; done; sleep 0.5; dd if=/dev/zero of=/fill bs=64k 2>/dev/null'
  const { exitCode, stdout, stderr } = await home.rkt([
    `--dir=${data}`, 'run', ...plain,
    ...sh(images.busybox, `${fill}; while :; do echo x >> /fill; done 2>/dev/null`, '--name=greedy'), '---',
    ...sh(images.busybox, 'sleep 2; for i in $(seq 500); do echo said on a full disk; done; exit 4', '--name=other'),
  ], { through: thenTold(onSmallDisk(data, '12m'), data, 'stage2.json apps/*/status.json') })
  assert.equal(exitCode, 4, stderr)
  assert.equal(stdout.match(/^other\[\d+\]: said on a full disk$/gm)?.length, 500)
  assert.equal(stderr.match(/^stage2: .*logs\/other\.log/gm)?.length, 1, stderr)
  assert.match(stderr, /^stage2\.json: .*"state":"ended".*"result":4,"firstFailure":"other"}$/m)
  assert.match(stderr, /^apps\/other\/status\.json: .*"exitCode":4}$/m)
  assert.match(stderr, /^apps\/greedy\/status\.json: .*"state":"exited".*"stopped":true}$/m)
})

story('apps whose output goes to a full disk go on, whichever of the two it is', async () => {
  const { home, images } = stage
  const through = ['/bin/sh', '-c', '"$@" > /dev/full', '/bin/sh']
  const pod = [
    'run', ...plain, ...sh(images.busybox, 'echo lost; sleep 0.3; echo also lost; exit 6', '--name=one'), '---',
    ...sh(images.busybox, 'sleep 5', '--name=two'),
  ]
  const { exitCode, stderr } = await home.rkt(pod, { through })
  assert.equal(exitCode, 6, stderr)
  assert.equal(stderr.match(/^stage2: .*standard output/gm)?.length, 1, stderr)
  assert.equal((await home.rkt(pod, { through: ['/bin/sh', '-c', '"$@" > /dev/full 2>&1', '/bin/sh'] })).exitCode, 6)
})

story('a pod whose last line the log cannot take keeps its result', async () => {
  const { home, images } = stage
  const { uuid, running } = await startPod(home, [...plain, ...sh(images.busybox, 'trap "exit 5" TERM; while :; do sleep 0.05; done')])
  const road = join(home.data, 'pods/run', uuid, 'road.jsonl')
  renameSync(road, `${road}.kept`)
  symlinkSync('/dev/full', road)
  await home.rkt(['stop', uuid])
  const { exitCode, stderr } = await running.ended
  renameSync(`${road}.kept`, road)
  assert.equal(exitCode, 0, stderr)
  assert.match(stderr, /^stage2: .*road\.jsonl/m)
  assert.match((await home.rkt(['status', uuid])).stdout, /^app-busybox=5$/m)
})

story('a data directory that is a file is refused by name', async () => {
  const { home, images } = stage
  writeFileSync(home.file('file'), '')
  for (const words of [['run', ...plain, images.busybox], ['fetch', unsigned, images.busybox], ['list'], ['image', 'list'], ['gc']]) {
    const { exitCode, stderr, stdout } = await home.rkt([`--dir=${home.file('file')}`, ...words])
    assert.equal(exitCode, 254, `${words[0]}: ${stdout}${stderr}`)
    assert.match(stderr, new RegExp(`^[a-z]+: ${home.file('file')} is not a valid directory: .* \\[USAGE\\]\n {2}try: .*--dir`))
  }
})

story('a configuration file that is wrong is refused by name', async () => {
  const { home, images } = stage
  mkdirSync(home.file('conf/stages.d'), { recursive: true })
  writeFileSync(home.file('conf/stages.d/x.json'), '{"rktKind":"stages"}')
  const { exitCode, stderr } = await home.rkt(['run', ...plain, '--user-config=conf', images.busybox])
  assert.equal(exitCode, 254)
  assert.match(stderr, /conf\/stages\.d\/x\.json.*\[CONFIG_INVALID\]/)
})

story('a file in the place of a configuration directory is refused by name, not taken for none', async () => {
  const { home, images } = stage
  for (const [layer, directory] of [['layer', ''], ['other', 'stages.d']] as const) {
    if (directory !== '') mkdirSync(home.file(layer))
    writeFileSync(join(home.file(layer), directory), '')
    const { exitCode, stderr } = await home.rkt(['run', ...plain, `--user-config=${layer}`, images.busybox])
    assert.equal(exitCode, 254)
    assert.match(stderr, new RegExp(`${home.file(layer)}.*\\[CONFIG_INVALID\\]`))
  }
})

story('a failing start leaves a pod that rm deletes', async () => {
  const { home, images } = stage
  await home.rkt(['run', unsigned, '--net=nowhere', '--uuid-file-save=uuid', images.busybox])
  assert.match((await home.rkt(['status', '--uuid-file=uuid'])).stdout, /^state=exited$/m)
  assert.equal((await home.rkt(['rm', '--uuid-file=uuid'])).exitCode, 0)
  assert.deepEqual(names(join(home.data, 'pods/run')), [])
})
