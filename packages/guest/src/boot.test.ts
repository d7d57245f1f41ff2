import assert from 'node:assert/strict'
import { globSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { after, test, type TestContext } from 'node:test'
import { guestLayout, type GuestEnd, type GuestPod } from '@rocket/contracts'
import { ociProcess, type TestApp, writeApp, writePod } from './testing/bundle.ts'
import { type MachineOptions, VirtualMachine, whyNoMachine } from './testing/virtual-machine.ts'

const root = resolve(import.meta.dirname, '../../..')
const guest = process.env['RKT_GUEST'] ?? ['small', 'debian'].map((kind) => join(root, '.rocket/guest', kind)).find((path) => whyNoMachine(path) === undefined)
  ?? join(root, '.rocket/guest/debian')
const busybox = globSync(['.rocket/debian/**/bin/busybox', '.rocket/guest/unpacked/*/usr/bin/busybox'], { cwd: root }).map((path) => join(root, path))[0]
const missing = whyNoMachine(guest) ?? (busybox === undefined ? 'there is no static busybox: sh tools/ci/install-packages.sh' : undefined)
const scratch = mkdtempSync(join(tmpdir(), 'guest-boot-'))
after(() => rmSync(scratch, { recursive: true, force: true }))

let boots = 0

async function boot(t: TestContext, apps: readonly TestApp[], options: Partial<MachineOptions> = {}, rest: Partial<GuestPod> = {}): Promise<{ machine: VirtualMachine; share: string }> {
  boots += 1
  const share = join(scratch, `share${boots}`)
  mkdirSync(share)
  writePod(share, busybox ?? '', apps, rest)
  const outputs = apps.flatMap((_, index) => [guestLayout.appPort(index, 'out'), guestLayout.appPort(index, 'err')])
  const machine = await VirtualMachine.start({ guest, share, scratch: join(scratch, `machine${boots}`), outputs, ...options })
  t.after(() => machine.kill())
  return { machine, share }
}

async function endOf(machine: VirtualMachine, name: string): Promise<GuestEnd> {
  return (await machine.event('app-ended', ({ app }) => app === name)).end
}

test('two apps run, keep their streams apart, and the first failure ends the pod with its code', { skip: missing }, async (t) => {
  const { machine, share } = await boot(t, [
    { name: 'bad', script: 'echo out of bad; echo err of bad >&2; echo kept > /kept; sleep 1; exit 3' },
    { name: 'long', script: 'echo from $(hostname); trap "echo told; exit 0" TERM; while :; do sleep 0.1; done' },
  ])
  assert.equal(await machine.ended, 0)
  assert.deepEqual(await endOf(machine, 'bad'), { how: 'exited', exitCode: 3 })
  assert.deepEqual(await endOf(machine, 'long'), { how: 'exited', exitCode: 0 })
  const over = machine.events().at(-1)
  assert.deepEqual([over?.event, over?.event === 'over' && over.result], ['over', 3])
  assert.equal(machine.text('rocket.0.out'), 'out of bad\n')
  assert.equal(machine.text('rocket.0.err'), 'err of bad\n')
  assert.equal(machine.text('rocket.1.out'), 'from guest-test\ntold\n')
  assert.equal(readFileSync(join(share, 'apps/bad/rootfs/kept'), 'utf8'), 'kept\n')
})

test('limits are those of cgroup v2, KILL follows TERM, and handlers run before and after', { skip: missing }, async (t) => {
  const { machine } = await boot(t, [
    {
      name: 'limited', preStart: 'echo before', postStop: 'echo after',
      script: 'cd /sys/fs/cgroup; cat memory.max pids.max cpu.max; trap "" TERM; echo ready > /dev/stdout; while :; do sleep 0.1; done',
      resources: { memory: { limit: 67_108_864 }, pids: { limit: 50 }, cpu: { quota: 50_000, period: 100_000 } }, spec: { stopTimeoutMs: 300 },
    },
    { name: 'greedy', script: 'x=$(dd if=/dev/zero bs=1M count=64 | tr "\\\\0" x)', resources: { memory: { limit: 8_388_608 } }, process: { oomScoreAdj: 0 } },
  ], {}, { exitPolicy: 'sandbox' })
  await machine.until('the limits', () => (machine.text('rocket.0.out').includes('ready') ? true : undefined))
  const greedy = await endOf(machine, 'greedy')
  assert.notDeepEqual(greedy, { how: 'exited', exitCode: 0 }, 'it took more memory than it has')
  assert.equal((await machine.request({ verb: 'stop', force: false })).ok, true)
  assert.deepEqual(await endOf(machine, 'limited'), { how: 'signalled', signal: 9 })
  await machine.ended
  assert.deepEqual(machine.text('rocket.0.out').trim().split('\n'), ['before', '67108864', '50', '50000 100000', 'ready', 'after'])
})

test('a running pod takes requests: enter, stdin, terminals and their size, apps added and removed', { skip: missing }, async (t) => {
  const session = (name: string, stream: 'in' | 'out' | 'err' | 'tty'): string => guestLayout.sessionPort(name, stream)
  const { machine, share } = await boot(t, [
    { name: 'echo', script: 'cat; echo end of input', spec: { streams: { stdin: 'rocket.0.in', stdout: 'rocket.0.out' } } },
  ], {
    outputs: ['rocket.0.out', 'rocket.9.out', session('1', 'out'), session('1', 'err')], sockets: ['rocket.0.in'], terminals: [session('2', 'tty')],
  }, { exitPolicy: 'sandbox' })
  await machine.event('app-started')
  const streams = { stdout: session('1', 'out'), stderr: session('1', 'err') }
  assert.equal((await machine.request({ verb: 'enter', app: 'echo', session: '1', process: ociProcess('uname -r; cat /proc/sys/kernel/random/boot_id; echo e >&2; exit 7'), streams })).ok, true)
  const { end } = await machine.event('session-ended', (event) => event.session === '1')
  assert.deepEqual(end, { how: 'exited', exitCode: 7 })
  const { kernel, bootId } = await machine.event('ready')
  assert.equal(machine.text(session('1', 'out')), `${kernel}\n${bootId}\n`)
  assert.equal(machine.text(session('1', 'err')), 'e\n')

  const terminal = { port: session('2', 'tty'), rows: 30, columns: 100 }
  const script = 'tty; stty size; read go; stty size; exit 5'
  assert.equal((await machine.request({ verb: 'enter', app: 'echo', session: '2', process: ociProcess(script), streams: { terminal } })).ok, true)
  await machine.until('a terminal of the size asked for', () => (machine.text(terminal.port).includes('30 100') ? true : undefined))
  assert.equal((await machine.request({ verb: 'resize', session: '2', rows: 40, columns: 120 })).ok, true)
  await new Promise((done) => setTimeout(done, 500))
  machine.socket(terminal.port).write('go\n')
  assert.deepEqual((await machine.event('session-ended', (event) => event.session === '2')).end, { how: 'exited', exitCode: 5 })
  assert.match(machine.text(terminal.port), /^\/dev\/pts\/0\r\n30 100\r\ngo\r\n40 120\r\n/)

  const added = writeApp(share, busybox ?? '', { name: 'more', script: 'echo more; exit 4' }, 9)
  added.streams = { stdout: 'rocket.9.out' }
  assert.equal((await machine.request({ verb: 'app-add', app: added })).ok, true)
  assert.equal((await machine.request({ verb: 'app-start', app: 'more' })).ok, true)
  assert.deepEqual(await endOf(machine, 'more'), { how: 'exited', exitCode: 4 })
  assert.equal((await machine.request({ verb: 'app-rm', app: 'more' })).ok, true)
  const refused = await machine.request({ verb: 'app-stop', app: 'more', force: false })
  assert.equal(refused.ok || refused.error.code, 'APP_NOT_FOUND')

  machine.socket('rocket.0.in').end('typed\n')
  assert.deepEqual(await endOf(machine, 'echo'), { how: 'exited', exitCode: 0 })
  assert.equal(machine.text('rocket.0.out'), 'typed\nend of input\n')
  assert.equal((await machine.request({ verb: 'stop', force: false })).ok, true)
  await machine.event('over')
  await machine.ended
})

test('an app whose program is missing fails with the reason, and a share without guest.json ends the machine', { skip: missing }, async (t) => {
  const { machine } = await boot(t, [{ name: 'gone', script: '', process: { args: ['/no/such'] } }])
  const end = await endOf(machine, 'gone')
  assert.equal(end.how, 'failed')
  assert.match(end.how === 'failed' ? end.reason : '', /no such file|not found/i)
  await machine.ended
  const share = join(scratch, 'empty')
  mkdirSync(share)
  const empty = await VirtualMachine.start({ guest, share, scratch: join(scratch, 'machine-empty') })
  t.after(() => empty.kill())
  assert.match((await empty.event('problem')).message, /guest\.json/)
  await empty.ended
})

test('an interface gets the name, address and routes of the pod, and an app hears an answer over it', { skip: missing }, async (t) => {
  const mac = '52:54:00:12:34:56'
  const { machine } = await boot(t, [{ name: 'net', script: 'ip -o -4 addr show dev pod0; ip route; ip link show pod0 | grep -o "mtu 1400"; nslookup x 10.0.2.3 >/dev/null 2>&1; cat /proc/net/arp' }], {
    devices: ['-netdev', 'user,id=net,restrict=on', '-device', `virtio-net-device,netdev=net,mac=${mac}`],
  }, { network: { interfaces: [{ name: 'pod0', mac, mtu: 1400, addresses: ['10.0.2.15/24'], routes: [{ to: '0.0.0.0/0', via: '10.0.2.2' }] }] } })
  await machine.event('over')
  await machine.ended
  const said = machine.text('rocket.0.out')
  assert.match(said, /pod0 +inet 10\.0\.2\.15\/24/)
  assert.match(said, /default via 10\.0\.2\.2 dev pod0/)
  assert.match(said, /mtu 1400/)
  assert.match(said, /10\.0\.2\.3 +0x1 +0x2/, 'nobody answered')
  assert.deepEqual(machine.events().filter(({ event }) => event === 'problem'), [])
})
