import type { EndedApp, PolicyAction, PolicyApp, PolicyEvent, PolicyPlan } from './types.ts'

type Phase = 'waiting' | 'launching' | 'running' | 'over'

interface AppState {
  plan: PolicyApp
  phase: Phase
  /** Told to stop on its own. */
  stopping: boolean
}

/** The exit code of rkt itself, for an app that never ran. */
const oursExitCode = 254
const sigkill = 9

/**
 * Decides what happens to the apps of a pod: who is started, who is told to stop and when KILL follows, when the pod is over and with
 * what result. It has no clock, no processes and no files: events come in, actions go out, so that the same policy supervises
 * processes under Node and inside a virtual machine's guest. Rules are rkt's (immutable pods): with exit policy `apps` the first
 * failing app ends the pod and gives it its result, success waits for the last app; with `sandbox` the pod stays until told.
 */
export class Policy {
  readonly #apps: Map<string, AppState>
  readonly #exitPolicy: PolicyPlan['exitPolicy']
  #stopping = false
  #toldToStop = false
  #ended = false
  #ready = false
  #firstFailure: { app: string; ended: EndedApp } | undefined

  constructor(plan: PolicyPlan) {
    this.#exitPolicy = plan.exitPolicy
    this.#apps = new Map(plan.apps.map((app) => [app.app, newApp(app)]))
  }

  handle(event: PolicyEvent): PolicyAction[] {
    if (this.#ended) return []
    const actions: PolicyAction[] = []
    switch (event.kind) {
      case 'begin': this.#begin(actions); break
      case 'running': this.#running(event.app, actions); break
      case 'failed': this.#over(event.app, { kind: 'failed', reason: event.reason }, actions); break
      case 'ended': this.#over(event.app, event.how, actions); break
      case 'stop': this.#stop(actions, event.force); break
      case 'signal': this.#forward(event.number, actions); break
      case 'timeout': this.#kill(event.app, actions); break
      case 'add': this.#add(event.app); break
      case 'start': this.#launch(this.#apps.get(event.app), actions); break
      case 'stop-app': this.#stopOne(event.app, event.force, actions); break
      case 'remove': this.#remove(event.app); break
    }
    this.#settle(actions)
    return actions
  }

  #begin(actions: PolicyAction[]): void {
    for (const app of this.#apps.values()) this.#launch(app, actions)
  }

  #launch(app: AppState | undefined, actions: PolicyAction[]): void {
    if (app?.phase !== 'waiting' || this.#stopping) return
    app.phase = 'launching'
    actions.push({ kind: 'launch', app: app.plan.app })
  }

  #add(plan: PolicyApp): void {
    const before = this.#apps.get(plan.app)
    if (before === undefined || before.phase === 'over') this.#apps.set(plan.app, newApp(plan))
  }

  #remove(name: string): void {
    const phase = this.#apps.get(name)?.phase
    if (phase === 'waiting' || phase === 'over') this.#apps.delete(name)
  }

  #running(name: string, actions: PolicyAction[]): void {
    const app = this.#apps.get(name)
    if (app?.phase !== 'launching') return
    app.phase = 'running'
    actions.push({ kind: 'record', app: name, state: 'running' })
    if (this.#stopping || app.stopping) this.#stopApp(app, actions, false)
  }

  #over(name: string, ended: EndedApp, actions: PolicyAction[]): void {
    const app = this.#apps.get(name)
    if (app === undefined || app.phase === 'over') return
    app.phase = 'over'
    actions.push({ kind: 'disarm', app: name }, { kind: 'record', app: name, state: 'over', ended, stopped: this.#stopping || app.stopping })
    if (!isFailure(ended) || this.#stopping || app.stopping) return
    this.#firstFailure = { app: name, ended }
    if (this.#exitPolicy === 'apps') this.#stopAll(actions, false)
  }

  #stop(actions: PolicyAction[], force: boolean): void {
    this.#toldToStop = true
    this.#stopAll(actions, force)
  }

  #stopAll(actions: PolicyAction[], force: boolean): void {
    const again = this.#stopping
    this.#stopping = true
    for (const app of this.#apps.values()) if (!again || force) this.#stopApp(app, actions, force)
  }

  #stopOne(name: string, force: boolean, actions: PolicyAction[]): void {
    const app = this.#apps.get(name)
    if (app === undefined || app.phase === 'over') return
    const again = app.stopping || this.#stopping
    app.stopping = true
    if (!again || force) this.#stopApp(app, actions, force)
  }

  #stopApp(app: AppState, actions: PolicyAction[], force: boolean): void {
    if (app.phase !== 'running') return
    actions.push({ kind: 'signal', app: app.plan.app, number: force ? sigkill : app.plan.stopSignal })
    if (!force) actions.push({ kind: 'arm', app: app.plan.app, afterMs: app.plan.stopTimeoutMs })
  }

  #kill(name: string, actions: PolicyAction[]): void {
    if (this.#apps.get(name)?.phase === 'running') actions.push({ kind: 'signal', app: name, number: sigkill })
  }

  #forward(number: number, actions: PolicyAction[]): void {
    for (const app of this.#apps.values()) {
      if (app.phase === 'running') actions.push({ kind: 'signal', app: app.plan.app, number })
    }
  }

  #settle(actions: PolicyAction[]): void {
    const apps = [...this.#apps.values()]
    if (!this.#ready && apps.every((app) => app.phase !== 'launching')) {
      this.#ready = true
      actions.push({ kind: 'ready' })
    }
    if (!apps.every((app) => app.phase === 'over' || (app.phase === 'waiting' && this.#stopping))) return
    if (this.#exitPolicy === 'sandbox' && !this.#toldToStop) return
    this.#ended = true
    actions.push(this.#result())
  }

  #result(): PolicyAction {
    const failure = this.#firstFailure
    if (failure === undefined) return { kind: 'end', result: 0 }
    const ended = failure.ended
    if (ended.kind === 'signalled') return { kind: 'end', result: ended.signal, signal: ended.signal, firstFailure: failure.app }
    return { kind: 'end', result: ended.kind === 'exited' ? ended.exitCode : oursExitCode, firstFailure: failure.app }
  }
}

function newApp(plan: PolicyApp): AppState {
  return { plan, phase: 'waiting', stopping: false }
}

function isFailure(ended: EndedApp): boolean {
  return ended.kind !== 'exited' || ended.exitCode !== 0
}
