import { RocketError, type GuestApp, type GuestEnd, type GuestEvent, type GuestPod, type GuestRequest } from '@rocket/contracts/guest'
import { Policy, type EndedApp, type PolicyAction, type PolicyEvent } from '@rocket/stage2/policy'
import { AppRun } from './app-run.ts'
import { Children } from './children.ts'
import type { GuestSystem } from './guest-system.ts'
import { Sessions } from './sessions.ts'

type Body<E> = E extends { at: string } ? Omit<E, 'at'> : never
export type Said = Body<GuestEvent>

export interface SupervisorOptions {
  system: GuestSystem
  say(event: Said): void
  /** The pod is over, and all that its apps wrote has gone out. */
  over(result: Extract<Said, { event: 'over' }>): void
}

/**
 * Runs the apps of a pod by the policy of stage2, inside the guest. What happens is said as events, in the order in which it does; requests
 * come in from the control port. Nothing here touches the system but through `GuestSystem`.
 */
export class Supervisor {
  readonly #system: GuestSystem
  readonly #say: SupervisorOptions['say']
  readonly #over: SupervisorOptions['over']
  readonly #policy: Policy
  readonly #children: Children
  readonly #apps = new Map<string, AppRun>()
  readonly #sessions: Sessions
  readonly #timers = new Map<string, () => void>()
  /** What is still to be said of apps that are over. */
  readonly #endings = new Set<Promise<void>>()

  constructor(pod: GuestPod, { system, say, over }: SupervisorOptions) {
    this.#system = system
    this.#say = say
    this.#over = over
    this.#children = new Children(system)
    this.#sessions = new Sessions(system, this.#children, (session, end) => this.#say({ event: 'session-ended', session, end }))
    this.#policy = new Policy({ exitPolicy: pod.exitPolicy, apps: pod.apps })
    for (const app of pod.apps) this.#apps.set(app.app, new AppRun(app))
  }

  begin(): void {
    this.#tell({ kind: 'begin' })
  }

  /** Does what a request says, or throws a RocketError. What takes longer, `enter` and the programs of apps, is told by events. */
  handle(request: GuestRequest): void {
    switch (request.verb) {
      case 'ping': return
      case 'stop': return this.#tell({ kind: 'stop', force: request.force })
      case 'signal': return this.#signal(request)
      case 'resize': return this.#resize(request)
      case 'enter': return this.#sessions.enter(request, this.#running(request.app).container)
      case 'app-add': return this.#add(request.app)
      case 'app-start': return this.#start(request.app)
      case 'app-stop':
        this.#running(request.app)
        return this.#tell({ kind: 'stop-app', app: request.app, force: request.force })
      case 'app-rm': return this.#remove(request.app)
    }
  }

  #tell(event: PolicyEvent): void {
    for (const action of this.#policy.handle(event)) this.#act(action)
  }

  #act(action: PolicyAction): void {
    switch (action.kind) {
      case 'launch': return void this.#run(this.#app(action.app))
      case 'signal': return this.#app(action.app).signal(action.number, this.#system)
      case 'arm': return this.#arm(action.app, action.afterMs)
      case 'disarm': return this.#disarm(action.app)
      case 'ready': return this.#say({ event: 'pod-ready' })
      case 'record':
        if (action.state === 'over') this.#sayEnd(this.#app(action.app), action.ended, action.stopped)
        return
      case 'end': return void this.#end(action)
    }
  }

  async #run(app: AppRun): Promise<void> {
    const { app: name, instance } = app.spec
    const end = await app.run(this.#system, this.#children, (pid) => {
      this.#say({ event: 'app-started', app: name, instance, pid })
      this.#tell({ kind: 'running', app: name })
    })
    this.#tell(end.how === 'failed' ? { kind: 'failed', app: name, reason: end.reason } : { kind: 'ended', app: name, how: endedApp(end) })
  }

  /** The policy knows at once; the host is told when the app's last words are out. */
  #sayEnd(app: AppRun, ended: EndedApp, stopped: boolean): void {
    const { app: name, instance } = app.spec
    const ending = app.finish(this.#children).then(() => {
      this.#endings.delete(ending)
      this.#say({ event: 'app-ended', app: name, instance, end: guestEnd(ended), stopped })
    })
    this.#endings.add(ending)
  }

  async #end({ result, signal, firstFailure }: Extract<PolicyAction, { kind: 'end' }>): Promise<void> {
    for (const cancel of this.#timers.values()) cancel()
    await Promise.all(this.#endings)
    this.#over({ event: 'over', result, ...(signal === undefined ? {} : { signal }), ...(firstFailure === undefined ? {} : { firstFailure }) })
  }

  #signal({ app, session, number }: Extract<GuestRequest, { verb: 'signal' }>): void {
    if (session !== undefined) this.#sessions.signal(session, number)
    else if (app !== undefined) this.#running(app).signal(number, this.#system)
    else this.#tell({ kind: 'signal', number })
  }

  #resize({ app, session, rows, columns }: Extract<GuestRequest, { verb: 'resize' }>): void {
    if (session !== undefined) this.#sessions.resize(session, rows, columns)
    else if (app !== undefined) this.#running(app).resize(rows, columns, this.#system, this.#children)
  }

  #add(spec: GuestApp): void {
    const before = this.#apps.get(spec.app)
    if (before !== undefined && (!before.isOver || spec.instance <= before.spec.instance)) {
      throw wrongState(`app ${spec.app} cannot be added`, before.isOver ? `instance ${spec.instance} has been here before` : 'it is there, and not over')
    }
    this.#apps.set(spec.app, new AppRun(spec))
    this.#tell({ kind: 'add', app: spec })
  }

  #start(name: string): void {
    if (this.#known(name).hasRun) throw wrongState(`app ${name} cannot be started`, 'it was started before; add it again')
    this.#tell({ kind: 'start', app: name })
  }

  #remove(name: string): void {
    const app = this.#known(name)
    if (app.hasRun && !app.isOver) throw wrongState(`app ${name} cannot be removed`, 'it runs')
    this.#apps.delete(name)
    this.#tell({ kind: 'remove', app: name })
  }

  #arm(name: string, afterMs: number): void {
    this.#disarm(name)
    this.#timers.set(name, this.#system.after(afterMs, () => this.#tell({ kind: 'timeout', app: name })))
  }

  #disarm(name: string): void {
    this.#timers.get(name)?.()
    this.#timers.delete(name)
  }

  #app(name: string): AppRun {
    const app = this.#apps.get(name)
    if (app === undefined) throw new Error(`the pod has no app ${name}`)
    return app
  }

  #known(name: string): AppRun {
    const app = this.#apps.get(name)
    if (app === undefined) throw new RocketError('APP_NOT_FOUND', { what: `the guest has no app ${name}` })
    return app
  }

  #running(name: string): AppRun {
    const app = this.#known(name)
    if (!app.isRunning) throw wrongState(`app ${name} does not run`)
    return app
  }
}

function endedApp(end: Exclude<GuestEnd, { how: 'failed' }>): Exclude<EndedApp, { kind: 'failed' }> {
  return end.how === 'exited' ? { kind: 'exited', exitCode: end.exitCode } : { kind: 'signalled', signal: end.signal }
}

function guestEnd(ended: EndedApp): GuestEnd {
  switch (ended.kind) {
    case 'exited': return { how: 'exited', exitCode: ended.exitCode }
    case 'signalled': return { how: 'signalled', signal: ended.signal }
    case 'failed': return { how: 'failed', reason: ended.reason }
  }
}

function wrongState(what: string, why?: string): RocketError {
  return new RocketError('POD_WRONG_STATE', { what, ...(why === undefined ? {} : { why }) })
}
