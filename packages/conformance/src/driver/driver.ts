import { closeSync, existsSync, mkdirSync, openSync, readFileSync, readSync } from 'node:fs'
import {
  isErrno, outsideNames, podLayout, type AppRun, type FlavorDeclaration, type Namespace, type Run, type Sandbox,
} from '@rocket/contracts'
import {
  bootId, enterPrivateMountNamespace, HandoffFiles, linux, lockDirectory, native, runProgram, runProgramOrFail, setPropagation, spawn,
  startHolder, startTime, writeErr, type NamespaceKind, type NativeSpawnOptions,
} from '@rocket/host'
import type { DriveResult, DriveSpec, Step } from './spec.ts'

const kinds: Readonly<Record<Namespace, NamespaceKind>> = { pid: 'pid', network: 'net', ipc: 'ipc', uts: 'uts' }
const lockFd = 9
const pathOfVectors = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

/**
 * The road from a prepared pod to its end, as the contract tells it and as short as it can be told: sandbox, stage1 `create`, `create-app`
 * for each app, the vectors, their cleanup. Runs in a process of its own, because it enters a mount namespace. Shares no code with
 * the command line or stage2, so that a mistake there cannot hide one in a flavor.
 */
export function drive(spec: DriveSpec): DriveResult {
  const files = new HandoffFiles(spec.podDirectory)
  const result: DriveResult = { apps: {}, entered: [], milliseconds: {}, holder: 0 }
  const flavor = files.read('Pod').flavor
  native().setSubreaper(true)
  const beside = spec.host === undefined ? undefined : enterHost(spec.host)
  const lock = lockDirectory(spec.podDirectory, { kind: 'exclusive' })
  result.holder = makeSandbox(spec, files, flavor, lock)
  try {
    const apps = files.apps()
    const failed = runNetwork(spec, 'up', result) || runVerb(spec, 'create', result) || apps.some(
      (app) => runVerb(spec, 'create-app', result, app)
    )
    if (failed) return result
    const run = files.read('Run')
    if (run.supervision === 'pod') superviseWhole(spec, run, lock, result)
    else if (spec.stage2 !== undefined) superviseByProgram(
      spec, [...spec.stage2, 'run'], apps, Object.fromEntries(apps.map((app) => [app, files.read('AppRun', app)])), lock, result
    )
    else superviseApps(spec, files, apps, run, result)
  } finally {
    endHolder(result.holder)
    runNetwork(spec, 'down', result)
    if (beside !== undefined && !gone.has(beside)) waitFor(new Map([[beside, '']]), { ...result, apps: {} }, 10_000)
    closeSync(lock)
  }
  return result
}

/** Returns the pid of what runs beside the pod. */
function enterHost(host: { before: string; beside: string }): number {
  native().unshare(linux.CLONE_NEWNS)
  setPropagation('/', 'shared', true)
  runProgramOrFail('/bin/sh', ['-ec', host.before])
  return spawn('/bin/sh', ['sh', '-ec', host.beside], process.env)
}

function makeSandbox(spec: DriveSpec, files: HandoffFiles, flavor: FlavorDeclaration, lock: number): number {
  const start = files.read('Start')
  mkdirSync(outsideNames.runDirectory(spec.uuid), { recursive: true, mode: 0o700 })
  enterPrivateMountNamespace()
  const wanted = flavor.namespaces.filter(
    (name) => !(name === 'network' && start.network.mode === 'host') && !(name === 'ipc' && start.ipc === 'parent')
  )
  const holder = startHolder({
    namespaces: wanted.map((name) => kinds[name]), lockFd: lock, ...(wanted.includes('uts') ? { hostname: start.hostname } : {}),
  })
  const path = (kind: NamespaceKind): string => `/proc/${holder.pid}/ns/${kind}`
  const sandbox: Sandbox = {
    version: 1, uuid: spec.uuid, madeAt: new Date().toISOString(), bootId: bootId(),
    driver: { pid: process.pid, startTime: startTime(process.pid) ?? 0 },
    holder: holder,
    namespaces: { mount: path('mnt'), ...Object.fromEntries(wanted.map((name) => [name, path(kinds[name])])) },
  }
  files.write('Sandbox', sandbox)
  return holder.pid
}

function runNetwork(spec: DriveSpec, verb: string, result: DriveResult): boolean {
  return spec.network !== undefined && runStage(spec, spec.network, verb, result)
}

function runVerb(spec: DriveSpec, verb: string, result: DriveResult, app?: string): boolean {
  return runStage(spec, spec.stage1, verb, result, app)
}

/** True when the verb failed. */
function runStage(spec: DriveSpec, stage: readonly string[], verb: string, result: DriveResult, app?: string): boolean {
  const [program = '', ...words] = stage
  const begun = performance.now()
  const { exitCode = 255, stdout } = runProgram(
    program, [...words, verb], { cwd: spec.podDirectory, env: environment(spec, app), stderr: 'inherit' }
  )
  result.milliseconds[app === undefined ? verb : `${verb} ${app}`] = performance.now() - begun
  if (exitCode === 0) return false
  result.failure = { verb, exitCode, output: stdout.toString('utf8') }
  return true
}

function environment(spec: DriveSpec, app?: string): Record<string, string | undefined> {
  return {
    PATH: process.env['PATH'] ?? pathOfVectors, RKT_POD: spec.podDirectory, RKT_UUID: spec.uuid, RKT_STORE: spec.storeDirectory,
    RKT_LOCK_FD: String(lockFd), RKT_APP: app,
    ...spec.environment,
  }
}

function superviseApps(spec: DriveSpec, files: HandoffFiles, names: readonly string[], run: Run, result: DriveResult): void {
  const vectors = new Map(names.map((name) => [name, files.read('AppRun', name)]))
  const alive = new Map<number, string>()
  for (const [name, vector] of vectors) {
    const pid = launch(spec, name, vector, result)
    if (pid !== undefined) alive.set(pid, name)
  }
  const pids = new Map([...alive].map(([pid, name]) => [name, pid]))
  for (const step of spec.steps) take(step, spec, Object.fromEntries(vectors), pids, result)
  waitFor(alive, result, spec.timeoutMs)
  endHolder(result.holder)
  for (const [name, vector] of vectors) for (const argv of vector.cleanup) runVector(spec, argv, name)
  for (const argv of run.cleanup) runVector(spec, argv)
}

/** The pid whose end is the app's end. */
function launch(spec: DriveSpec, name: string, vector: AppRun, result: DriveResult): number | undefined {
  const { foreground, detached } = vector.launch
  const begun = performance.now()
  if (spec.terminal === true) return launchOnTerminal(spec, name, foreground ?? [], result)
  if (detached === undefined) return spawnVector(spec, foreground ?? [], name, [0, 1, 2])
  const launcher = spawnVector(spec, detached.argv, name, [0, 1, 2])
  const ended = native().waitPid(launcher, true)
  result.milliseconds[`launch ${name}`] = performance.now() - begun
  if (ended?.exitCode === 0) return Number(readFileSync(`${spec.podDirectory}/${detached.pidFile}`, 'utf8'))
  result.apps[name] = { failed: `the launch vector ended with ${JSON.stringify(ended)}` }
  return undefined
}

/** As if `rkt run --interactive` were called on a terminal. */
function launchOnTerminal(spec: DriveSpec, name: string, argv: readonly string[], result: DriveResult): number {
  const { master, slave } = native().openPty()
  const pid = spawnVector(spec, argv, name, [slave, slave, slave], { newSession: true, terminal: 0 })
  closeSync(slave)
  native().setNonblocking(master, true)
  result.terminal = ''
  terminals.push({ master, result })
  return pid
}

const terminals: { master: number; result: DriveResult }[] = []

function readTerminals(): void {
  for (const { master, result } of terminals) {
    try {
      const buffer = Buffer.alloc(4096)
      result.terminal += buffer.toString('utf8', 0, readSync(master, buffer))
    } catch (error) {
      // Nothing now, or nobody there any more.
      if (!isErrno(error, 'EAGAIN', 'EIO')) throw error
    }
  }
}

function take(
  step: Step, spec: DriveSpec, vectors: Readonly<Record<string, Partial<AppRun>>>, pids: ReadonlyMap<string, number>, result: DriveResult
): void {
  switch (step.kind) {
    case 'pause': return void native().poll([], [], step.milliseconds)
    case 'wait-ready': return waitUntilReady(spec.podDirectory, step.app)
    case 'signal': {
      const vector = vectors[step.app]?.signal
      if (vector !== undefined) runVector(spec, [...vector, String(step.signal)], step.app)
      else native().kill(pids.get(step.app) ?? 0, step.signal)
      return
    }
    case 'enter': {
      const [program = '', ...words] = [...(vectors[step.app]?.enter ?? []), ...step.argv]
      const { exitCode, signal, stdout, stderr } = runProgram(program, words, { cwd: spec.podDirectory, env: environment(spec, step.app) })
      result.entered.push(
        {
          ...(exitCode === undefined ? {} : { exitCode }), ...(signal === undefined ? {} : { signal }),
          output: stdout.toString('utf8') + stderr.toString('utf8'),
        }
      )
    }
  }
}

/** The upper layer of the app's root, or the root itself where it is a copy, shows what the app wrote. */
function waitUntilReady(podDirectory: string, app: string): void {
  for (let tries = 0; tries < 1000; tries++) {
    if (existsSync(`${podDirectory}/${podLayout.upper(app)}/ready`) || existsSync(`${podDirectory}/${podLayout.rootfs(app)}/ready`)) return
    native().poll([], [], 10)
  }
  writeErr(`app ${app} did not become ready\n`)
}

/** Whoever has been reaped: what runs beside the pod may end before anybody waits for it. */
const gone = new Set<number>()

/** One loop that reaps everybody: a wait on the pod's first process alone would never return. */
function waitFor(alive: Map<number, string>, result: DriveResult, timeoutMs: number): void {
  const deadline = performance.now() + timeoutMs
  while (alive.size > 0) {
    readTerminals()
    const ended = native().waitAny()
    const name = ended === undefined ? undefined : alive.get(ended.pid)
    if (ended !== undefined && name !== undefined) {
      alive.delete(ended.pid)
      result.apps[name] = ended.signal === undefined ? { exitCode: ended.exitCode } : { signal: ended.signal }
    }
    if (ended !== undefined) {
      gone.add(ended.pid)
      continue
    }
    if (performance.now() > deadline) return
    native().poll([], [], 2)
  }
}

function superviseWhole(spec: DriveSpec, run: Extract<Run, { supervision: 'pod' }>, lock: number, result: DriveResult): void {
  superviseByProgram(spec, run.argv, Object.keys(run.statuses), run.enter, lock, result)
  for (const argv of run.cleanup) runVector(spec, argv)
}

type Enters = Readonly<Record<string, Pick<AppRun, 'enter'>>>

/** A program that supervises: the apps' ends are read from the statuses it leaves. */
function superviseByProgram(
  spec: DriveSpec, argv: readonly string[], apps: readonly string[], enters: Enters, lock: number, result: DriveResult
): void {
  const fds = [0, 1, 2, -1, -1, -1, -1, -1, -1, lock]
  const pid = spawnVector(spec, argv, undefined, fds)
  for (const step of spec.steps) {
    if (step.kind === 'signal') native().kill(pid, step.signal)
    else take(step, spec, enters, new Map(), result)
  }
  const alive = new Map([[pid, '']])
  waitFor(alive, result, spec.timeoutMs)
  if (alive.size > 0) native().kill(pid, 9)
  delete result.apps['']
  const files = new HandoffFiles(spec.podDirectory)
  for (const app of apps) {
    const { state, exitCode, signal, reason } = files.read('AppStatus', app)
    result.apps[app] = state === 'exited' ? {
      ...(exitCode === undefined ? {} : { exitCode }), ...(signal === undefined ? {} : { signal }),
    } : { failed: reason ?? state }
  }
}

function spawnVector(
  spec: DriveSpec, argv: readonly string[], app: string | undefined, fds: readonly number[], options: Partial<NativeSpawnOptions> = {},
): number {
  const [file = ''] = argv
  const env = Object.entries(environment(spec, app)).filter(([, value]) => value !== undefined).map(([name, value]) => `${name}=${value}`)
  return native().spawn(file, argv, env, { cwd: spec.podDirectory, ...options, fds })
}

function runVector(spec: DriveSpec, argv: readonly string[], app?: string): void {
  const none = openSync('/dev/null', 'r')
  const ended = native().waitPid(spawnVector(spec, argv, app, [none, 2, 2]), true)
  closeSync(none)
  if (ended?.exitCode !== 0) writeErr(`${argv.join(' ')} ended with ${JSON.stringify(ended)}\n`)
}

/** Kills the first process and reaps everybody who goes with it, it last. */
function endHolder(holder: number): void {
  if (!existsSync(`/proc/${holder}`)) return
  native().kill(holder, 9)
  for (let tries = 0; tries < 1000; tries++) {
    const ended = native().waitAny()
    if (ended?.pid === holder) return
    if (ended === undefined) native().poll([], [], 2)
  }
}
