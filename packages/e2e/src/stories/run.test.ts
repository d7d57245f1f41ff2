import assert from 'node:assert/strict'
import { existsSync, mkdirSync, readlinkSync, statSync, writeFileSync } from 'node:fs'
import { textOf } from '../program/home.ts'
import { assertHostClean } from '../program/leftovers.ts'
import { plain, sh, story, tellStories } from '../program/story.ts'

const stage = tellStories()

story('a pod of one app passes its output through and leaves nothing on the host even before gc', async () => {
  const { home, images } = stage
  const ended = await home.rkt(['run', ...plain, images.busybox])
  assert.deepEqual(ended, { exitCode: 0, signal: undefined, stdout: 'hello\n', stderr: '' })
  await assertHostClean(home)
})

for (const code of [0, 3, 255]) {
  story(`an app that exits with ${code} makes rkt run exit with ${code}`, async () => {
    const { home, images } = stage
    const { exitCode } = await home.rkt(['run', ...plain, `--uuid-file-save=${home.file('uuid')}`, images.exits, '--', String(code)])
    assert.equal(exitCode, code)
    const { stdout } = await home.rkt(['status', `--uuid-file=${home.file('uuid')}`])
    assert.match(stdout, /^state=exited$/m)
    assert.match(stdout, new RegExp(`^app-exits=${code}$`, 'm'))
  })
}

for (const [name, signal] of [['KILL', 9], ['TERM', 15], ['SEGV', 11]] as const) {
  story(`an app that dies by SIG${name} makes rkt run exit with ${signal}`, async () => {
    const { home, images } = stage
    // A child shell: the kernel ignores most signals that the first process of an app sends to itself.
    const { exitCode } = await home.rkt([
      'run', ...plain, `--uuid-file-save=${home.file('uuid')}`, ...sh(images.busybox, `kill -${name} $$; sleep 5`),
    ])
    assert.equal(exitCode, signal)
    const { stdout } = await home.rkt(['status', '--format=json', `--uuid-file=${home.file('uuid')}`])
    const pod = JSON.parse(stdout) as { apps: { name: string; state: string; signal: number }[] }
    assert.deepEqual([pod.apps[0]?.state, pod.apps[0]?.signal], ['exited', signal])
    assert.match((await home.rkt(['status', `--uuid-file=${home.file('uuid')}`])).stdout, new RegExp(`^app-busybox=${signal}$`, 'm'))
  })
}

story('standard output and error stay apart', async () => {
  const { home, images } = stage
  const ended = await home.rkt(['run', ...plain, ...sh(images.busybox, 'echo out; echo err >&2')])
  assert.deepEqual({ stdout: ended.stdout, stderr: ended.stderr }, { stdout: 'out\n', stderr: 'err\n' })
})

story('standard input reaches the app with --interactive only, as in rkt', async () => {
  const { home, images } = stage
  const input = 'line one\nline two'
  const interactive = await home.rkt(['run', ...plain, '--interactive', images.busybox, '--exec=/bin/cat'], { input })
  assert.equal(interactive.stdout, input)
  const ordinary = await home.rkt(['run', ...plain, images.busybox, '--exec=/bin/cat'], { input })
  assert.deepEqual({ stdout: ordinary.stdout, exitCode: ordinary.exitCode }, { stdout: '', exitCode: 0 })
})

story('ten megabytes pass through unchanged', async () => {
  const { home, images } = stage
  const { stdout, exitCode } = await home.rkt(['run', ...plain, ...sh(images.busybox, 'dd if=/dev/zero bs=1024 count=10240 2>/dev/null')])
  assert.deepEqual({ exitCode, length: stdout.length }, { exitCode: 0, length: 10 * 1024 * 1024 })
})

story('words after -- are the app\'s, flags included, up to ---', async () => {
  const { home, images } = stage
  const { stdout } = await home.rkt(['run', ...plain, images.busybox, '--', '--flag', '-x', '--', 'two words', '---'])
  assert.equal(stdout, 'hello --flag -x -- two words\n')
})

story('--exec replaces the program and --name the name of the app', async () => {
  const { home, images } = stage
  const { stdout } = await home.rkt(['run', ...plain, images.busybox, '--name=renamed', '--exec=/bin/sh', '--', '-c', 'echo $AC_APP_NAME'])
  assert.equal(stdout, 'renamed\n')
})

story('--working-dir says where the app starts', async () => {
  const { home, images } = stage
  const { stdout } = await home.rkt(['run', ...plain, images.busybox, '--exec=/bin/pwd', '--working-dir=/data'])
  assert.equal(stdout, '/data\n')
})

for (const [flags, line] of [
  [['--user=1000', '--group=1001'], /^uid=1000\(guest\) gid=1001\(guests\)/],
  [['--user=guest', '--group=guests'], /^uid=1000\(guest\) gid=1001\(guests\)/],
  [['--user=4242', '--group=4343'], /^uid=4242 gid=4343/],
  [['--user=guest', '--group=guests', '--supplementary-gids=7,8'], /^uid=1000\(guest\) gid=1001\(guests\) groups=(1001\(guests\),)?7,8$/m],
] as const) {
  story(`${flags.join(' ')} says who the app is`, async () => {
    const { home, images } = stage
    const { stdout, stderr } = await home.rkt(['run', ...plain, images.busybox, '--exec=/bin/id', ...flags])
    assert.match(stdout, line, stderr)
  })
}

story('the user of the image manifest is looked up in the image', async () => {
  const { home, images } = stage
  const { stdout } = await home.rkt(['run', ...plain, images.guest])
  assert.ok(stdout.startsWith('uid=1000(guest) gid=1001(guests)'), stdout)
})

story('the environment is the image\'s, the defaults, and what was set; nothing of the host', async () => {
  const { home, images } = stage
  const { stdout } = await home.rkt(['run', ...plain, '--set-env=FOR_ALL=1', images.busybox, '--exec=/bin/env', '--environment=FOR_ONE=2'])
  const variables = Object.fromEntries(stdout.trimEnd().split('\n').map((line) => line.split('=', 2))) as Record<string, string>
  assert.deepEqual(variables, {
    AC_APP_NAME: 'busybox', FOR_ALL: '1', FOR_ONE: '2', FROM_THE_IMAGE: 'yes', PATH: '/bin',
    HOME: '/root', LOGNAME: 'root', SHELL: '/bin/sh', USER: 'root',
  })
})

story('--inherit-env fills gaps, --set-env beats --environment, and that beats the image', async () => {
  const { home, images } = stage
  const { stdout } = await home.rkt(
    [
      'run', ...plain, '--inherit-env', '--set-env=WHO=set', images.busybox, '--exec=/bin/env', '--environment=WHO=app',
      '--environment=FROM_THE_IMAGE=no',
    ],
    { env: { CALLER: 'here', FROM_THE_IMAGE: 'caller' } },
  )
  const lines = stdout.split('\n')
  for (const line of [
    'CALLER=here', 'SECRET_OF_THE_HOST=must stay here', 'WHO=set', 'FROM_THE_IMAGE=no', 'PATH=/bin',
  ]) assert.ok(lines.includes(line), line)
})

story('--set-env-file reads variables, and skips comments and blank lines', async () => {
  const { home, images } = stage
  writeFileSync(home.file('env'), '# comment\n\n; another\nONE=1\nTWO=two words\n')
  const { stdout } = await home.rkt(['run', ...plain, '--set-env-file=env', ...sh(images.busybox, 'echo "$ONE $TWO"')])
  assert.equal(stdout, '1 two words\n')
})

story('the host name is --hostname, or rkt- and the UUID', async () => {
  const { home, images } = stage
  const named = await home.rkt(['run', ...plain, '--hostname=web-7', images.busybox, '--exec=/bin/hostname'])
  assert.equal(named.stdout, 'web-7\n')
  const unnamed = await home.rkt(['run', ...plain, '--uuid-file-save=uuid', images.busybox, '--exec=/bin/hostname'])
  assert.equal(unnamed.stdout, `rkt-${textOf(home.file('uuid'))}\n`)
})

story('an app has no descriptor but 0, 1 and 2, whatever the caller has open', async () => {
  const { home, images } = stage
  // The shell gives rkt descriptors that are not close-on-exec; ls has one of its own on the directory it lists.
  const { stdout } = await home.rkt(['run', ...plain, images.busybox, '--exec=/bin/ls', '--', '/proc/self/fd'], {
    through: ['/bin/sh', '-c', 'exec 4</etc/passwd 5</etc/passwd 9</etc/passwd "$@"', '/bin/sh'],
  })
  assert.deepEqual(stdout.trimEnd().split('\n'), ['0', '1', '2', '3'])
})

story('an app is in namespaces of its own, with the loopback interface only', async () => {
  const { home, images } = stage
  const { stdout } = await home.rkt([
    'run', ...plain,
    ...sh(
      images.busybox, 'for n in pid net ipc uts mnt; do readlink /proc/self/ns/$n; done; ls /sys/class/net; ls /proc | grep -c "^[0-9]"',
    ),
  ])
  const lines = stdout.trimEnd().split('\n')
  for (const kind of ['pid', 'net', 'ipc', 'uts', 'mnt']) {
    const own = readlinkSync(`/proc/self/ns/${kind}`)
    assert.ok(!lines.includes(own), `${kind} is the host's`)
  }
  assert.equal(lines[5], 'lo')
  assert.ok(Number(lines[6]) < 8, 'sees the processes of the pod only')
})

story('--readonly-rootfs=true keeps the root from being written; /tmp of the image is part of it', async () => {
  const { home, images } = stage
  const { stdout, stderr } = await home.rkt([
    'run', ...plain, images.busybox, '--readonly-rootfs=true', '--exec=/bin/sh', '--', '-c', 'touch /here || echo refused',
  ])
  assert.equal(stdout, 'refused\n', stderr)
  assert.match(stderr, /Read-only file system/)
})

for (const flags of [[], ['--no-overlay']] as const) {
  story(`what an app writes stays in its pod${flags.length > 0 ? ', also with --no-overlay' : ''}`, async () => {
    const { home, images } = stage
    const first = await home.rkt([
      'run', ...plain, ...flags, ...sh(images.busybox, 'echo mine > /data/of-the-image; rm /bin/wc; cat /data/of-the-image'),
    ])
    assert.equal(first.stdout, 'mine\n', first.stderr)
    const second = await home.rkt(['run', ...plain, ...flags, ...sh(images.busybox, 'cat /data/of-the-image; ls /bin/wc')])
    assert.equal(second.stdout, 'from the image\n/bin/wc\n', second.stderr)
  })
}

story('--uuid-file-save holds the UUID without a newline, also when the app fails', async () => {
  const { home, images } = stage
  await home.rkt(['run', ...plain, `--uuid-file-save=${home.file('saved')}`, images.exits, '--', '9'])
  assert.match(textOf(home.file('saved')), /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/)
  assert.equal(statSync(home.file('saved')).mode & 0o777, 0o644)
})

story('a host volume is the directory of the host', async () => {
  const { home, images } = stage
  mkdirSync(home.file('shared'), { recursive: true })
  writeFileSync(home.file('shared/note'), 'from the host\n')
  const volume = `--volume=v,kind=host,source=${home.file('shared')}`
  const { stdout, stderr } = await home.rkt([
    'run', ...plain, volume, images.busybox, '--mount=volume=v,target=/mnt/v', '--exec=/bin/sh', '--', '-c',
    'cat /mnt/v/note; echo from the app > /mnt/v/answer',
  ])
  assert.equal(stdout, 'from the host\n', stderr)
  assert.equal(textOf(home.file('shared/answer')), 'from the app\n')
})

story('a read-only host volume cannot be written', async () => {
  const { home, images } = stage
  mkdirSync(home.file('kept'), { recursive: true })
  const volume = `--volume=v,kind=host,source=${home.file('kept')},readOnly=true`
  const { stdout } = await home.rkt([
    'run', ...plain, volume, '--mount=volume=v,target=/mnt/v', ...sh(images.busybox, 'touch /mnt/v/x 2>/dev/null || echo refused'),
  ])
  assert.equal(stdout, 'refused\n')
  assert.equal(existsSync(home.file('kept/x')), false)
})

story('an empty volume has the mode and owner that were asked for', async () => {
  const { home, images } = stage
  const { stdout, stderr } = await home.rkt([
    'run', ...plain, '--volume=data,kind=empty,mode=0710,uid=1000,gid=1001', images.data, '--exec=/bin/stat', '--', '-c', '%a %u %g',
    '/data',
  ])
  assert.equal(stdout, '710 1000 1001\n', stderr)
})

story('a mount point of the image without a volume gets an empty one, and says so', async () => {
  const { home, images } = stage
  const { stdout, stderr } = await home.rkt(['run', ...plain, images.data])
  assert.equal(stdout, 'total 0\n')
  assert.match(stderr, /warning: no volume specified for mount point "data", implicitly creating an "empty" volume/)
})
