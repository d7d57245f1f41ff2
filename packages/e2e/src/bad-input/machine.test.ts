import assert from 'node:assert/strict'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { names } from '../program/home.ts'
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

story('a disk that fills while the app runs is told when its end cannot be recorded, and nothing is left', async () => {
  const { home, images } = stage
  const data = join(home.directory, 'small')
  const { exitCode, stdout, stderr } = await home.rkt([
    `--dir=${data}`, 'run', ...plain,
    ...sh(images.busybox, 'dd if=/dev/zero of=/fill bs=64k 2>&1 | grep -c "No space left"; exit 3'),
  ], { through: onSmallDisk(data, '12m') })
  assert.deepEqual([exitCode, stdout], [254, '1\n'], stderr)
  assert.match(stderr, /status\.json.*\[DISK_FULL\]/)
})

story('a data directory that is a file is refused by name', async () => {
  const { home, images } = stage
  writeFileSync(home.file('file'), '')
  for (const words of [['run', ...plain, images.busybox], ['fetch', unsigned, images.busybox], ['list'], ['image', 'list'], ['gc']]) {
    const { exitCode, stderr, stdout } = await home.rkt([`--dir=${home.file('file')}`, ...words])
    assert.equal(exitCode, 254, `${words[0]}: ${stdout}${stderr}`)
    assert.ok(stderr.includes(home.file('file')), stderr)
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

story('a failing start leaves a pod that rm deletes', async () => {
  const { home, images } = stage
  await home.rkt(['run', unsigned, '--net=nowhere', '--uuid-file-save=uuid', images.busybox])
  assert.match((await home.rkt(['status', '--uuid-file=uuid'])).stdout, /^state=exited$/m)
  assert.equal((await home.rkt(['rm', '--uuid-file=uuid'])).exitCode, 0)
  assert.deepEqual(names(join(home.data, 'pods/run')), [])
})
