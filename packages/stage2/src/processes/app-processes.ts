import { join } from 'node:path'
import { isAlive, native, processStat, readIfThere, type Ended, type StageContext } from '@rocket/host'
import type { EndedApp, PolicyEvent } from '../policy/types.ts'
import type { SupervisionPlan } from '../run.ts'
import { AppStreams } from './app-streams.ts'
import { spawnVector } from './vectors.ts'

type AppRun = SupervisionPlan['apps'][number]['run']

interface Launched {
  run: AppRun
  streams: AppStreams
  /** The process of the launch vector; in foreground mode it stands for the app. */
  launcher: number | undefined
  pid: number | undefined
  over: boolean
  cleaned: boolean
}

const sigkill = 9

/**
 * The processes of a pod's apps: launched, told apart when they end, signalled, cleaned up after. All of them, the pod's first process
 * too unless we run as a program, are children of ours and are reaped in one loop: waiting for the first process alone would wait for
 * ever, since the kernel keeps it until everything in its pid namespace is reaped.
 */
export class AppProcesses {
  readonly #context: StageContext
  readonly #tell: (event: PolicyEvent) => void
  readonly #holder: SupervisionPlan['sandbox']['holder']
  readonly #apps: Map<string, Launched>
  readonly #podCleanup: readonly (readonly string[])[]
  /** The launchers of this flavor become the app, so what they say of its end is exact. */
  readonly #launchersAreApps: boolean
  /** What becomes of a child that is not an app: a cleanup or signal vector, the holder. */
  readonly #others = new Map<number, () => void>()
  /** Ended before anybody knew whose they were: an app can be gone before its detached launcher is. */
  readonly #unclaimed = new Map<number, Ended>()
  #holderGone: (() => void) | undefined
  #holderEnded = false
  readonly #cleanups: Promise<void>[] = []

  constructor(plan: SupervisionPlan, context: StageContext, tell: (event: PolicyEvent) => void) {
    this.#context = context
    this.#tell = tell
    this.#holder = plan.sandbox.holder
    this.#podCleanup = plan.run.cleanup
    this.#launchersAreApps = plan.run.endsAsApp === true
    this.#apps = new Map(plan.apps.map(({ app, run }) => [app.app, {
      run, streams: new AppStreams(app.app, plan.start.streams[app.app], context), launcher: undefined, pid: undefined, over: false, cleaned: false,
    }]))
  }

  launch(name: string): void {
    const app = this.#app(name)
    const { foreground, detached } = app.run.launch
    const argv = detached?.argv ?? foreground
    if (argv === undefined) throw new Error(`app ${name} has no launch vector`)
    try {
      app.launcher = spawnVector(argv, this.#context, { app: name, fds: app.streams.descriptors() })
    } catch (error) {
      return this.#over(app, { kind: 'failed', reason: `${argv[0] ?? ''}: ${(error as Error).message}` })
    } finally {
      app.streams.handedOver()
    }
    if (detached === undefined) this.#running(app, app.launcher)
  }

  pidOf(name: string): number | undefined {
    return this.#app(name).pid
  }

  signal(name: string, number: number): void {
    const app = this.#app(name)
    if (app.over || app.pid === undefined) return
    if (app.run.signal !== undefined) {
      this.#others.set(spawnVector([...app.run.signal, String(number)], this.#context, { app: name }), () => {})
    } else {
      // The pid cannot have been used again: only our own loop reaps it.
      native().kill(app.pid, number)
    }
  }

  /** Takes every child that has ended. */
  reap(): void {
    for (let ended = native().waitAny(); ended !== undefined; ended = native().waitAny()) this.#ended(ended)
  }

  /** Runs the cleanup vectors of one app, unless the end of the pod is near: then they run when nothing of the pod is left. */
  cleanUp(name: string): void {
    const others = [...this.#apps.values()].some((app) => !app.over)
    if (others) this.#cleanups.push(this.#cleanUpApp(this.#app(name)))
  }

  /** Ends whatever is left, waits for it, and cleans up. */
  async close(): Promise<void> {
    await this.#endHolder()
    for (const app of this.#apps.values()) this.#cleanups.push(this.#cleanUpApp(app))
    await Promise.all(this.#cleanups)
    await this.#runInTurn(this.#podCleanup)
    await Promise.all([...this.#apps.values()].map((app) => app.streams.drained()))
  }

  #app(name: string): Launched {
    const app = this.#apps.get(name)
    if (app === undefined) throw new Error(`the pod has no app ${name}`)
    return app
  }

  #ended(ended: Ended): void {
    if (ended.pid === this.#holder.pid) return this.#holderDied()
    for (const app of this.#apps.values()) {
      if (app.pid === ended.pid) return this.#over(app, howEnded(ended, app.run.launch.detached === undefined && !this.#launchersAreApps))
      if (app.launcher === ended.pid) return this.#launcherEnded(app, ended)
    }
    const other = this.#others.get(ended.pid)
    this.#others.delete(ended.pid)
    if (other !== undefined) other()
    else if ([...this.#apps.values()].some((app) => app.launcher !== undefined)) this.#unclaimed.set(ended.pid, ended)
  }

  #launcherEnded(app: Launched, ended: Ended): void {
    app.launcher = undefined
    const pidFile = app.run.launch.detached?.pidFile
    if (ended.exitCode !== 0 || pidFile === undefined) {
      // What the launcher had to say is all there is.
      app.streams.begin(ended.pid)
      return this.#over(app, { kind: 'failed', reason: launchFailure(ended) })
    }
    const pid = Number(readIfThere(join(this.#context.podDirectory, pidFile))?.toString('latin1') ?? NaN)
    if (!(Number.isSafeInteger(pid) && pid > 0)) {
      return this.#over(app, { kind: 'failed', reason: `the launch vector exited with 0 and left no pid in ${pidFile}` })
    }
    this.#running(app, pid)
    const already = this.#unclaimed.get(pid)
    if (![...this.#apps.values()].some((one) => one.launcher !== undefined)) this.#unclaimed.clear()
    if (already !== undefined) this.#over(app, howEnded(already, false))
    else if (processStat(pid) === undefined) this.#over(app, { kind: 'failed', reason: 'the launch vector waited for the app itself: how it ended is lost' })
  }

  #running(app: Launched, pid: number): void {
    app.pid = pid
    app.streams.begin(pid)
    this.#tell({ kind: 'running', app: app.run.app })
  }

  #over(app: Launched, how: EndedApp): void {
    app.over = true
    app.launcher = undefined
    this.#tell(how.kind === 'failed' ? { kind: 'failed', app: app.run.app, reason: how.reason } : { kind: 'ended', app: app.run.app, how })
  }

  async #cleanUpApp(app: Launched): Promise<void> {
    if (app.cleaned) return
    app.cleaned = true
    await this.#runInTurn(app.run.cleanup, app.run.app)
  }

  async #runInTurn(vectors: readonly (readonly string[])[], app?: string): Promise<void> {
    for (const argv of vectors) {
      await new Promise<void>((resolve) => {
        this.#others.set(spawnVector(argv, this.#context, app === undefined ? {} : { app }), resolve)
      })
    }
  }

  #endHolder(): Promise<void> {
    return new Promise((resolve) => {
      this.#holderGone = resolve
      const { pid, startTime } = this.#holder
      const holder = this.#holderEnded ? undefined : processStat(pid)
      if (holder?.startTime !== startTime || holder.state === 'Z') return resolve()
      native().kill(pid, sigkill)
      if (holder.parent !== process.pid) this.#watchHolder()
    })
  }

  /** As a program we are not its parent: nobody tells us of its end. What is left of it by then is for its parent to reap. */
  #watchHolder(): void {
    const { pid, startTime } = this.#holder
    const timer = setInterval(() => {
      if (isAlive(pid, startTime)) return
      clearInterval(timer)
      this.#holderDied()
    }, 5)
  }

  /** With it went every process in its pid namespace. A pod that still counted on it is over. */
  #holderDied(): void {
    this.#holderEnded = true
    if (this.#holderGone !== undefined) this.#holderGone()
    else this.#tell({ kind: 'stop', force: true })
  }
}

/** A foreground launcher that cannot die by the app's signal exits with 128 and its number, as shells do. */
function howEnded(ended: Ended, isRelayed: boolean): EndedApp {
  if (ended.signal !== undefined) return { kind: 'signalled', signal: ended.signal }
  const beyond = ended.exitCode - 128
  return isRelayed && beyond > 0 && beyond <= 64 ? { kind: 'signalled', signal: beyond } : { kind: 'exited', exitCode: ended.exitCode }
}

function launchFailure(ended: Ended): string {
  return ended.signal === undefined ? `the launch vector exited with ${ended.exitCode}` : `the launch vector was ended by signal ${ended.signal}`
}
