import assert from 'node:assert/strict'
import { spawn as spawnNode } from 'node:child_process'
import { globSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import type { App, AppRun, AppStatus, Pod, Run, Stage2State, Start } from '@rocket/contracts'
import { bootId, HandoffFiles, native, runProgram, startHolder, startTime } from '@rocket/host'

const root = mkdtempSync(join(tmpdir(), 'stage2-'))
after(() => rmSync(root, { recursive: true }))
const uuid = '5e3a4b1c-0f4d-4c2b-9a77-2f1d0c9b8a61'
const time = '2026-11-23T20:00:00.000Z'
let serial = 0

interface FixtureApp {
  /** A shell script that is the app. */
  script: string
  detached?: boolean
  stopTimeoutMs?: number
  cleanup?: string
}

/** A pod as stage1 leaves it, whose apps are shell scripts. A detached one is started by a shell that writes the pid and goes. */
function makePod(apps: Record<string, FixtureApp>, exitPolicy: Pod['exitPolicy'] = 'apps'): string {
  const directory = join(root, `pod-${serial++}`)
  const files = new HandoffFiles(directory)
  mkdirSync(directory)
  const pod: Pod = {
    version: 1, uuid, createdAt: time, flavor: { version: 1, name: 'test', interface: 7, supervision: 'apps', namespaces: [], features: [] },
    flavorPolicy: 'refuse', otherFlavors: [], needs: [], volumes: [], ports: [], exitPolicy, overlay: true, annotations: [],
  }
  const kind = Object.keys(apps).length > 1 ? 'prefix' : 'inherit'
  const start: Start = {
    version: 1, uuid, startedAt: time, network: { mode: 'none' }, hostname: 'x',
    dns: { mode: 'default', nameservers: [], search: [], options: [] }, hosts: { mode: 'default', entries: [] }, ipc: 'private',
    streams: Object.fromEntries(Object.keys(apps).map((app) => [app, { stdin: 'null', stdout: kind, stderr: kind }])),
    insecure: { capabilities: false, paths: false, seccomp: false }, degraded: [], localConfig: '/etc/rkt',
  }
  const run: Run = { version: 1, uuid, flavor: 'test', supervision: 'apps', cleanup: [['/bin/sh', '-c', 'echo pod >> cleaned']], notes: [] }
  files.write('Pod', pod)
  files.write('Start', start)
  files.write('Run', run)
  Object.entries(apps).forEach(([app, fixture], order) => {
    mkdirSync(join(directory, 'apps', app), { recursive: true })
    files.write('App', appDocument(app, order, fixture), app)
    files.write('AppRun', appRunDocument(app, fixture), app)
  })
  return directory
}

function appDocument(app: string, order: number, fixture: FixtureApp): App {
  return {
    version: 1, uuid, app, instance: 1, order, imageId: `sha512-${'0'.repeat(64)}`, imageName: 'x', exec: ['/x'], workingDirectory: '/', environment: [],
    user: { uid: 0, gid: 0, supplementaryGids: [] }, rootfs: { trees: [], readOnly: false }, mounts: [], ports: [],
    isolators: { capabilities: [], capabilitiesStated: [], seccomp: { mode: 'default' }, noNewPrivileges: true }, handlers: {}, stopSignal: 15,
    stopTimeoutMs: fixture.stopTimeoutMs ?? 5000, annotations: [], userAnnotations: {}, userLabels: {},
  }
}

function appRunDocument(app: string, { script, detached, cleanup }: FixtureApp): AppRun {
  const direct = ['/bin/sh', '-c', script]
  // The app begins when its launcher is gone: a shell may reap a child that is quick.
  const detach = 'setsid /bin/sh -c "while kill -0 $$ 2>/dev/null; do sleep 0.01; done; $1" & echo $! > apps/$RKT_APP/pid'
  const launcher = ['/bin/sh', '-c', detach, 'launcher', script]
  return {
    version: 1, uuid, app, instance: 1, launch: detached === true ? { detached: { argv: launcher, pidFile: `apps/${app}/pid` } } : { foreground: direct },
    handlers: {}, terminal: 'none', cleanup: [['/bin/sh', '-c', cleanup ?? 'echo $RKT_APP >> cleaned']],
  }
}

/** Runs stage2 as a program on the pod, below a first process that is a plain `sleep`; `during` may act on it meanwhile. */
async function supervise(directory: string, during: (pid: number) => void | Promise<void> = () => {}): Promise<{ output: string; state: Stage2State }> {
  const child = spawnNode(process.execPath, [join(import.meta.dirname, 'testing/run-with-holder.ts')], {
    cwd: directory, env: { ...process.env, RKT_POD: directory, RKT_UUID: uuid, RKT_STORE: root }, stdio: ['ignore', 'pipe', 'inherit'],
  })
  let output = ''
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()))
  const ended = new Promise((resolve) => child.on('close', resolve))
  await during(child.pid ?? 0)
  await ended
  return { output, state: new HandoffFiles(directory).read('Stage2State') }
}

const statusOf = (directory: string, app: string): AppStatus => new HandoffFiles(directory).read('AppStatus', app)
const rktStatus = (directory: string, app: string): string => readFileSync(join(directory, 'stage1/rootfs/rkt/status', app), 'utf8')

async function until(condition: () => boolean): Promise<void> {
  for (let tries = 0; tries < 500; tries++) {
    if (condition()) return
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  assert.fail('it did not happen within 5 s')
}

const isReady = (directory: string) => (): boolean => new HandoffFiles(directory).find('Stage2State')?.state === 'ready'

for (const detached of [false, true]) {
  const how = detached ? 'detached' : 'foreground'

  test(`passes output through and takes the exit code of a ${how} app`, async () => {
    const directory = makePod({ web: { script: 'echo hello; exit 7', detached } })
    const { output, state } = await supervise(directory)
    assert.equal(output, 'hello\n')
    assert.deepEqual([state.state, state.result, state.firstFailure], ['ended', 7, 'web'])
    assert.equal(statusOf(directory, 'web').exitCode, 7)
    assert.equal(rktStatus(directory, 'web'), '7')
    assert.equal(readFileSync(join(directory, 'cleaned'), 'utf8'), 'web\npod\n')
    assert.deepEqual(globSync('**/.*', { cwd: directory }), [], 'what was reserved is used up or given back')
  })

  test(`tells a signal from an exit code above 128 of a ${how} app`, async () => {
    const killed = makePod({ web: { script: 'kill -KILL $$', detached } })
    const { state } = await supervise(killed)
    assert.deepEqual([statusOf(killed, 'web').signal, statusOf(killed, 'web').exitCode, state.result], [9, undefined, 9])
    const exited = makePod({ web: { script: 'exit 137', detached: true } })
    assert.equal((await supervise(exited)).state.result, 137)
  })

  test(`stops a ${how} app on TERM and reports success`, async () => {
    const directory = makePod({ web: { script: 'while :; do sleep 0.05; done', detached } })
    const { state } = await supervise(directory, async (pid) => {
      await until(isReady(directory))
      process.kill(pid, 'SIGTERM')
    })
    assert.equal(state.result, 0)
    assert.deepEqual([statusOf(directory, 'web').signal, statusOf(directory, 'web').stopped], [15, true])
    assert.equal(rktStatus(directory, 'web'), '0')
  })
}

test('takes an exit code above 128 for one where the launcher becomes the app', async () => {
  const directory = makePod({ web: { script: 'exit 137' } })
  const files = new HandoffFiles(directory)
  files.write('Run', { ...files.read('Run'), supervision: 'apps', endsAsApp: true, cleanup: [], notes: [] })
  const { state } = await supervise(directory)
  assert.equal(state.result, 137)
  assert.equal(state.signal, undefined)
})

test('sends KILL to an app that does not stop in its time', async () => {
  const directory = makePod({ web: { script: "trap '' TERM; : > up; while :; do sleep 0.05; done", detached: true, stopTimeoutMs: 100 } })
  await supervise(directory, async (pid) => {
    await until(() => isReady(directory)() && exists(join(directory, 'up')))
    process.kill(pid, 'SIGTERM')
  })
  assert.equal(statusOf(directory, 'web').signal, 9)
})

test('passes HUP on to the app', async () => {
  const directory = makePod({ web: { script: "trap 'echo hup; exit 3' HUP; : > up; while :; do sleep 0.05; done", detached: true } })
  const { output, state } = await supervise(directory, async (pid) => {
    await until(() => isReady(directory)() && exists(join(directory, 'up')))
    process.kill(pid, 'SIGHUP')
  })
  assert.deepEqual([output, state.result], ['hup\n', 3])
})

test('prefixes the lines of several apps, keeps them in logs, and stops the others at the first failure', async () => {
  const directory = makePod({
    a: { script: 'echo one; echo two >&2; printf three', detached: true },
    b: { script: 'sleep 0.3; exit 4', detached: true },
    c: { script: 'while :; do sleep 0.05; done', detached: true },
  })
  const { output, state } = await supervise(directory)
  assert.match(output, /^a\[\d+\]: one$/m)
  assert.match(output, /^a\[\d+\]: three$/m)
  assert.deepEqual(readFileSync(join(directory, 'logs/a.log'), 'utf8').trim().split('\n').sort(), ['one', 'three', 'two'])
  assert.deepEqual([state.result, state.firstFailure], [4, 'b'])
  assert.equal(statusOf(directory, 'c').stopped, true)
  assert.deepEqual(readFileSync(join(directory, 'cleaned'), 'utf8').trim().split('\n').sort(), ['a', 'b', 'c', 'pod'])
})

test('an app whose launch vector fails is failed, and the pod ends with 254', async () => {
  const directory = makePod({ web: { script: 'exit 0', detached: true } })
  new HandoffFiles(directory).write('AppRun', {
    ...appRunDocument('web', { script: '' }), launch: { detached: { argv: ['/bin/sh', '-c', 'exit 1'], pidFile: 'apps/web/pid' } },
  }, 'web')
  const { state } = await supervise(directory)
  assert.equal(state.result, 254)
  assert.deepEqual([statusOf(directory, 'web').state, statusOf(directory, 'web').reason], ['failed', 'the launch vector exited with 1'])
  assert.equal(rktStatus(directory, 'web'), '254')
  assert.deepEqual(globSync('**/.*', { cwd: directory }), [])
})

test('a launcher that succeeds without leaving a pid fails the app, not the supervisor', async () => {
  const directory = makePod({ web: { script: '' } })
  new HandoffFiles(directory).write('AppRun', {
    ...appRunDocument('web', { script: '' }), launch: { detached: { argv: ['/bin/sh', '-c', ':'], pidFile: 'apps/web/pid' } },
  }, 'web')
  assert.equal((await supervise(directory)).state.result, 254)
  assert.match(statusOf(directory, 'web').reason ?? '', /left no pid/)
})

test('a launch program that is not there fails the app, not the supervisor', async () => {
  const directory = makePod({ web: { script: '' } })
  new HandoffFiles(directory).write('AppRun', { ...appRunDocument('web', { script: '' }), launch: { foreground: ['/nonexistent'] } }, 'web')
  assert.equal((await supervise(directory)).state.result, 254)
  assert.match(statusOf(directory, 'web').reason ?? '', /ENOENT/)
})

test('an app that ends before its launcher is not lost', async () => {
  const directory = makePod({ web: { script: '' } })
  // By the time the app ends its launcher is a program that reaps no children: that is left to the supervisor.
  const argv = ['/bin/sh', '-c', '(sleep 0.2; exit 5) & echo $! > apps/web/pid; exec sleep 0.5']
  new HandoffFiles(directory).write('AppRun', { ...appRunDocument('web', { script: '' }), launch: { detached: { argv, pidFile: 'apps/web/pid' } } }, 'web')
  assert.equal((await supervise(directory)).state.result, 5)
})

test('an app whose end its launcher took for itself is failed; nobody waits for it for ever', async () => {
  const directory = makePod({ web: { script: '' } })
  const argv = ['/bin/sh', '-c', '(exit 5) & echo $! > apps/web/pid; wait']
  new HandoffFiles(directory).write('AppRun', { ...appRunDocument('web', { script: '' }), launch: { detached: { argv, pidFile: 'apps/web/pid' } } }, 'web')
  assert.equal((await supervise(directory)).state.result, 254)
  assert.match(statusOf(directory, 'web').reason ?? '', /how it ended is lost/)
})

test('ends a first process that is the child of somebody else, as it is when stage2 is a program', () => {
  const directory = makePod({ web: { script: 'exit 6' } })
  const holder = startHolder({ namespaces: [] })
  try {
    new HandoffFiles(directory).write('Sandbox', {
      version: 1, uuid, madeAt: time, bootId: bootId(), driver: { pid: process.pid, startTime: startTime(process.pid) ?? 0 }, holder,
      namespaces: { mount: `/proc/${holder.pid}/ns/mnt` },
    })
    const env = { ...process.env, RKT_POD: directory, RKT_UUID: uuid, RKT_STORE: root }
    const { exitCode, timedOut } = runProgram(process.execPath, [join(import.meta.dirname, 'bin.ts'), 'run'], { cwd: directory, env, timeoutMs: 20_000 })
    assert.deepEqual({ exitCode, timedOut }, { exitCode: 0, timedOut: false })
    assert.equal(new HandoffFiles(directory).read('Stage2State').result, 6)
    assert.equal(readFileSync(join(directory, 'cleaned'), 'utf8'), 'web\npod\n')
    assert.equal(native().waitPid(holder.pid, true)?.signal, 9)
  } finally {
    if (startTime(holder.pid) === holder.startTime) native().kill(holder.pid, 9)
  }
})

function exists(path: string): boolean {
  try {
    readFileSync(path)
    return true
  } catch {
    return false
  }
}
