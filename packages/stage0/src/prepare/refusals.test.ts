import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { isRocketError, type ErrorCode, type ImageRecord, type NormalisedApp, type Request } from '@rocket/contracts'
import { appRequest, appSection, baseTree, DataDirectory, record, request, type Tree } from '../testing/fixture.ts'

const tree: Tree = { ...baseTree, 'var/run': { link: '../run' }, run: null, 'etc/motd': 'hello', 'usr/bin/dir.d': null }
const data = new DataDirectory({ base: tree })
after(() => data.remove())

interface Case {
  what: string
  code: ErrorCode
  words: RegExp
  hint?: RegExp
  request?: Partial<Request>
  app?: Parameters<typeof appRequest>[0]
  image?: Partial<NormalisedApp>
  records?: ImageRecord[]
}

const isolator = (name: string, value: unknown): Partial<NormalisedApp> => ({ isolators: [{ name, value }] })
const port = (name: string, number: number): NormalisedApp['ports'][number] =>
  ({ name, protocol: 'tcp', port: number, count: 1, socketActivated: false })
const volume = (name: string, source = '/usr'): Request['volumes'][number] => ({ kind: 'host', name, source })
const labels = (os?: string, arch?: string): ImageRecord['manifest']['labels'] =>
  [...(os === undefined ? [] : [{ name: 'os', value: os }]), ...(arch === undefined ? [] : [{ name: 'arch', value: arch }])]

const cases: Case[] = [
  // names
  {
    what: 'two apps of one name', code: 'APP_NAME_DUPLICATE', words: /error: multiple apps with name shell/,
    request: { apps: [appRequest(), appRequest()] }, records: [record(1), record(1)],
  },
  {
    what: 'an image name that makes no app name', code: 'APP_NAME_INVALID', words: /must contain at least one valid character/,
    records: [record(1, { name: 'example.com/~' })],
  },
  {
    what: 'an app name of 300 characters', code: 'APP_NAME_INVALID', words: /more than 128 characters/,
    records: [record(1, { name: `example.com/${'a'.repeat(300)}` })],
  },
  // the image
  {
    what: 'an image without os', code: 'IMAGE_PLATFORM_MISMATCH', words: /missing os label in the image manifest/,
    records: [record(1, { labels: labels(undefined, 'amd64') })],
  },
  {
    what: 'an image without arch', code: 'IMAGE_PLATFORM_MISMATCH', words: /missing arch label in the image manifest/,
    records: [record(1, { labels: labels('linux') })],
  },
  {
    what: 'an image for freebsd', code: 'IMAGE_PLATFORM_MISMATCH', words: /bad os "freebsd" \(must be one of: \[linux\]\)/,
    records: [record(1, { labels: labels('freebsd', 'amd64') })],
  },
  {
    what: 'an image for a machine that this is not', code: 'IMAGE_PLATFORM_MISMATCH',
    words: /bad arch "aarch64_be" \(must be one of: \[.*\]\)/, records: [record(1, { labels: labels('linux', 'aarch64_be') })],
  },
  {
    what: 'a library image', code: 'IMAGE_NOT_RUNNABLE',
    words: /error: image sha512-1{64} has no app section and --exec argument is not provided/, records: [record(1, { app: undefined })],
  },
  {
    what: 'an image whose tree is gone', code: 'IMAGE_TREE_MISSING', words: /layers\/gone/,
    records: [record(1, { rootfs: ['store:layers/gone'] })],
  },
  // the program
  {
    what: 'an empty exec', code: 'APP_EXEC_EMPTY', words: /image "example.com\/shell" has an empty "exec" \(try --exec=BINARY\)/,
    image: { exec: [] },
  },
  {
    what: 'a program that PATH does not find', code: 'APP_PROGRAM_MISSING',
    words: /"nothing" of image example.com\/shell: unable to find "nothing" in "\/usr\/bin:\/opt"/,
    image: { exec: ['nothing'], environment: [{ name: 'PATH', value: '/usr/bin:/opt' }] },
  },
  {
    what: 'an absolute program that is not there', code: 'APP_PROGRAM_MISSING', words: /there is no \/opt\/web in it/,
    app: { exec: '/opt/web' },
  },
  {
    what: 'a program that is covered by a volume', code: 'APP_PROGRAM_MISSING', words: /there is no \/bin\/web/,
    app: { exec: '/bin/web', mounts: [{ volume: 'v', target: '/usr/bin' }] }, request: { volumes: [{ kind: 'empty', name: 'v' }] },
  },
  {
    what: 'a program without the executable bit', code: 'APP_PROGRAM_NOT_EXECUTABLE',
    words: /\/usr\/bin\/data.txt is not marked executable/, app: { exec: '/usr/bin/data.txt' },
  },
  { what: 'a directory as program', code: 'APP_PROGRAM_NOT_EXECUTABLE', words: /\/bin\/dir.d is no file/, app: { exec: '/bin/dir.d' } },
  {
    what: 'a missing pre-start program', code: 'APP_PROGRAM_MISSING', words: /"\/bin\/ready"/,
    image: { eventHandlers: [{ name: 'pre-start', exec: ['/bin/ready'] }] },
  },
  {
    what: 'two pre-start programs', code: 'IMAGE_MANIFEST_INVALID', words: /Only one eventHandler of name "pre-start" allowed/,
    image: { eventHandlers: [{ name: 'pre-start', exec: ['/bin/sh'] }, { name: 'pre-start', exec: ['/bin/sh'] }] },
  },
  {
    what: 'a working directory that is not there', code: 'APP_DIRECTORY_MISSING', words: /app shell cannot start in \/nowhere/,
    image: { workingDirectory: '/nowhere' },
  },
  {
    what: 'a file as working directory', code: 'APP_DIRECTORY_MISSING', words: /has no directory there/,
    app: { workingDirectory: '/etc/motd' },
  },
  {
    what: 'C2: a descriptor as working directory', code: 'APP_DIRECTORY_MISSING', words: /\/proc\/self\/fd\/7/,
    image: { workingDirectory: '/proc/self/fd/7' },
  },
  { what: 'an unknown stop signal', code: 'STOP_SIGNAL_UNKNOWN', words: /"SIGNONE" is no signal/, image: { stopSignal: 'SIGNONE' } },
  // users: C6
  ...['4294967295', '4294967296', '-1', '0x0', '+0', '99999999999'].map((user): Case => ({
    what: `C6: the user ${user}`, code: 'USER_INVALID', words: /failed to configure user/, image: { user },
  })),
  {
    what: 'C6: a group out of range', code: 'USER_INVALID', words: /failed to configure group "99999999999"/,
    image: { user: '1000', group: '99999999999' },
  },
  {
    what: 'a user whom the image does not know', code: 'USER_INVALID', words: /failed to configure user "nobody"/, app: { user: 'nobody' },
  },
  {
    what: 'a group that the image does not know', code: 'USER_INVALID', words: /failed to configure group "staff"/, app: { group: 'staff' },
  },
  { what: 'the owner of a file that is not there', code: 'USER_INVALID', words: /the image has no such file/, app: { user: '/nowhere' } },
  // environment: C1
  {
    what: 'C1: a variable without a name', code: 'ENVIRONMENT_INVALID', words: /"A=B"/,
    image: { environment: [{ name: 'A=B', value: '' }] },
  },
  {
    what: 'C1: a NUL byte in a value', code: 'ENVIRONMENT_INVALID', words: /the value holds NUL/,
    image: { environment: [{ name: 'A', value: 'x\0y' }] },
  },
  // volumes and mounts: C4
  {
    what: 'an undeclared volume', code: 'VOLUME_NOT_FOUND', words: /could not find volume "v"/,
    app: { mounts: [{ volume: 'v', target: '/data' }] },
  },
  {
    what: 'two volumes of one name', code: 'VOLUME_DUPLICATE', words: /duplicate volume name "v"/,
    request: { volumes: [volume('v'), volume('v')] },
  },
  {
    what: 'a missing source', code: 'VOLUME_SOURCE_MISSING', words: /there is no \/nonexistent\/x on this host/,
    app: { mounts: [{ volume: 'v', target: '/data' }] }, request: { volumes: [volume('v', '/nonexistent/x')] },
  },
  {
    what: 'two volumes at one place', code: 'MOUNT_TARGETS_OVERLAP', words: /both are \/run in the image/,
    app: { mounts: [{ volume: 'v', target: '/run' }, { volume: 'w', target: '/var/run' }] },
    request: { volumes: [volume('v'), volume('w')] },
  },
  {
    what: 'a directory over a file', code: 'MOUNT_TYPE_MISMATCH',
    words: /can't mount because "\/usr" is a directory while "\/etc\/motd" is not one/,
    app: { mounts: [{ volume: 'v', target: '/etc/motd' }] }, request: { volumes: [volume('v')] },
  },
  {
    what: 'a file over a directory', code: 'MOUNT_TYPE_MISMATCH', words: /is not a directory while "\/srv" is one/,
    app: { mounts: [{ volume: 'v', target: '/srv' }] }, request: { volumes: [volume('v', '/etc/passwd')] },
  },
  {
    what: 'C4: a volume of the image over its root', code: 'MOUNT_TARGET_INVALID', words: /nothing can be mounted at \//,
    image: { mountPoints: [{ name: 'x', path: '/', readOnly: false }] },
  },
  {
    what: 'C4: a volume of the image over /dev', code: 'MOUNT_TARGET_INVALID', words: /would cover \/dev/,
    image: { mountPoints: [{ name: 'x', path: '/dev', readOnly: false }] },
  },
  {
    what: 'C4: a volume over /proc, also of the user', code: 'MOUNT_TARGET_INVALID', words: /would cover \/proc\/sys/,
    app: { mounts: [{ volume: 'v', target: '/proc/sys' }] }, request: { volumes: [volume('v')] },
  },
  // ports
  {
    what: 'a port that no image has', code: 'PORT_NOT_FOUND', words: /port name "http" could not be found in any apps/,
    request: { ports: [{ name: 'http', hostPort: 80 }] }, hint: /name no ports: EXPOSE them/,
  },
  {
    what: 'the number of a port in place of its name', code: 'PORT_NOT_FOUND', words: /port name "8080" could not be found in any apps/,
    request: { ports: [{ name: '8080', hostIp: '10.0.0.1', hostPort: 80 }] }, hint: /^--port=http:10\.0\.0\.1:80; the images also name ssh$/,
    image: { ports: [port('ssh', 22), port('http', 8080)] },
  },
  {
    what: 'a port of another protocol', code: 'PORT_NOT_FOUND', words: /only tcp and udp/,
    request: { ports: [{ name: 'http', hostPort: 80 }] },
    image: { ports: [{ ...port('http', 80), protocol: 'sctp' }] },
  },
  {
    what: 'a port that two apps have', code: 'PORT_AMBIGUOUS', words: /port name "http" defined multiple apps/,
    request: { apps: [appRequest(), appRequest({ name: 'other' })], ports: [{ name: 'http', hostPort: 80 }] },
    records: [record(1, { app: web() }), record(2, { app: web() })],
  },
  {
    what: 'one port of the host for two', code: 'PORT_CONFLICT', words: /port tcp-10.0.0.1:80 already mapped to pod port 8080/,
    records: [record(1, { app: web() })],
    request: { ports: [{ name: 'http', hostPort: 80 }, { name: 'http', hostIp: '10.0.0.1', hostPort: 80 }] },
  },
  // isolators
  {
    what: 'sixteen thousandths of a byte', code: 'ISOLATOR_INVALID',
    words: /memory limit of 1 bytes too low. Try a reasonable value, such as --memory=16M/, app: { isolators: { memory: '16m' } },
  },
  { what: 'a quantity that is none', code: 'ISOLATOR_INVALID', words: /"1K" is not a quantity/, app: { isolators: { memory: '1K' } } },
  {
    what: 'an unknown isolator', code: 'ISOLATOR_INVALID', words: /invalid isolator: os\/linux\/apparmor-profile/,
    image: isolator('os/linux/apparmor-profile', { profile: 'web' }),
  },
  {
    what: 'a default memory limit', code: 'ISOLATOR_INVALID', words: /default must be false/,
    image: isolator('resource/memory', { default: true, limit: '1G' }),
  },
  { what: 'no CPU at all', code: 'ISOLATOR_INVALID', words: /greater than zero/, image: isolator('resource/cpu', { limit: '0' }) },
  {
    what: 'too many shares', code: 'ISOLATOR_INVALID', words: /os\/linux\/cpu-shares must be between 2 and 262144, got 262145/,
    app: { isolators: { cpuShares: 262145 } },
  },
  {
    what: 'an empty capability set', code: 'ISOLATOR_INVALID', words: /set must be non-empty/,
    image: isolator('os/linux/capabilities-retain-set', { set: [] }),
  },
  {
    what: 'a capability that Linux does not have', code: 'ISOLATOR_INVALID', words: /"CAP_FLY" is not a capability/,
    app: { isolators: { capsRetain: ['CAP_FLY'] } },
  },
  {
    what: 'retaining and removing capabilities', code: 'ISOLATOR_INVALID',
    words: /cannot have both os\/linux\/capabilities-retain-set and os\/linux\/capabilities-remove-set/,
    image: {
      isolators: [
        { name: 'os/linux/capabilities-retain-set', value: { set: ['CAP_KILL'] } },
        { name: 'os/linux/capabilities-remove-set', value: { set: ['CAP_KILL'] } },
      ],
    },
  },
  {
    what: 'a retained capability that the machine lacks', code: 'CAPABILITY_UNAVAILABLE', words: /--caps-retain retains CAP_SYS_ADMIN/,
    app: { isolators: { capsRetain: ['CAP_SYS_ADMIN', 'CAP_KILL'] } },
  },
  {
    what: 'two seccomp filters', code: 'ISOLATOR_INVALID', words: /too many seccomp isolators specified/,
    image: {
      isolators: [
        { name: 'os/linux/seccomp-retain-set', value: { set: ['read'] } },
        { name: 'os/linux/seccomp-remove-set', value: { set: ['reboot'] } },
      ],
    },
  },
  {
    what: 'a filter of unknown sets only', code: 'ISOLATOR_INVALID', words: /none of the names in its set is known/,
    image: isolator('os/linux/seccomp-retain-set', { set: ['@none/such'] }),
  },
  {
    what: 'a filter that leaves nothing', code: 'ISOLATOR_INVALID', words: /leaves nothing to run/,
    app: { isolators: { seccomp: 'mode=remove,@appc.io/all' } },
  },
  // the flavor
  { what: 'a flavor that is not at hand', code: 'FLAVOR_UNKNOWN', words: /no flavor is called "vm"/, request: { flavor: 'vm' } },
  {
    what: 'needs that the flavor lacks, all of them', code: 'FLAVOR_LACKS_FEATURE',
    app: { isolators: { memory: '64M', capsRetain: ['CAP_KILL'] } }, request: { flavor: 'fly' },
    image: isolator('os/linux/cpu-shares', 512),
    words: new RegExp('it lacks isolator-memory .*, stated by --memory; flavors that have it: oci; ' +
      'it lacks isolator-cpu-shares .*, stated by image example.com/shell isolator os/linux/cpu-shares; .*; ' +
      'it lacks isolator-capabilities'),
  },
]

for (const { what, code, words, hint, request: changes, app, image, records } of cases) {
  test(`refuses ${what}: ${code}`, () => {
    const asked = request({ apps: [appRequest(app)], ...changes })
    const used = records ?? [record(1, { app: appSection(image) })]
    assert.throws(() => data.plan(asked, used), (error) => {
      assert.ok(isRocketError(error, code), `${error}`)
      assert.match(error.message, words)
      if (hint !== undefined) assert.match(error.hint ?? '', hint)
      return true
    })
  })
}

for (const [what, broken] of [['a fifo', 'mkfifo'], ['2 GiB', 'truncate']] as const) {
  test(`U19: refuses a name when etc/passwd of the image is ${what}`, () => {
    const other = new DataDirectory({ base: { 'bin/sh': { content: '', mode: 0o755 }, etc: null } })
    const file = join(other.store, 'layers/base/etc/passwd')
    spawnSync(broken, broken === 'mkfifo' ? [file] : ['-s', '2G', file])
    assert.throws(() => other.plan(request({ apps: [appRequest({ user: 'web' })] }), [record(1)]), { code: 'IMAGE_FILE_UNREADABLE' })
    other.remove()
  })
}

test('U19: etc/passwd that is a link out of the image is looked for in the image', () => {
  const canary = join(data.path, 'canary')
  writeFileSync(canary, 'evil:x:0:0::/:\n')
  const other = new DataDirectory({ base: { 'bin/sh': { content: '', mode: 0o755 }, 'etc/passwd': { link: canary } } })
  assert.throws(() => other.plan(request({ apps: [appRequest({ user: 'evil' })] }), [record(1)]), { code: 'USER_INVALID' })
  other.remove()
})

function web(): NormalisedApp {
  return appSection({ exec: ['/bin/web'], ports: [port('http', 8080)] })
}
