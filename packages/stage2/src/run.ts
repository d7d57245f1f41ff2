import { defineVerb, native, shrinkMemory, type StageContext, type Verb } from '@rocket/host'
import type { App, AppRun, Pod, Run, Sandbox, Start } from '@rocket/contracts'
import { AppProcesses } from './processes/app-processes.ts'
import { Policy } from './policy/policy.ts'
import type { PolicyAction, PolicyEvent } from './policy/types.ts'
import { StatusFiles } from './status-files.ts'
import { Timers } from './timers.ts'

export interface SupervisionPlan {
  pod: Pod
  start: Start
  sandbox: Sandbox
  run: Extract<Run, { supervision: 'apps' }>
  /** In start order. */
  apps: { app: App; run: AppRun }[]
}

/** Long enough after the start that many pods started at once are all up. */
const idleAfterMs = 3000

/** The signals that `rkt run` hands on as they are; TERM and INT ask the pod to end. */
const forwardedSignals: readonly NodeJS.Signals[] = ['SIGHUP', 'SIGUSR1', 'SIGUSR2']

/**
 * Runs the apps of a pod and stays until it is over: writes `apps/<app>/status.json`, `stage2.json` and rkt's views of them. When it
 * returns no process of the pod is left and the cleanup vectors have run; `stage2.json` holds the result.
 */
export const run: Verb<SupervisionPlan> = defineVerb({
  plan: planSupervision,
  apply: supervise,
})

function planSupervision({ files, uuid }: StageContext): SupervisionPlan {
  const run = files.read('Run')
  if (run.supervision !== 'apps') throw new Error(`pod ${uuid} is supervised by its flavor, not by stage2`)
  return {
    pod: files.read('Pod'), start: files.read('Start'), sandbox: files.read('Sandbox'), run,
    apps: files.apps().map((name) => ({ app: files.read('App', name), run: files.read('AppRun', name) })),
  }
}

async function supervise(plan: SupervisionPlan, context: StageContext): Promise<void> {
  native().setSubreaper(true)
  const policy = new Policy({
    exitPolicy: plan.pod.exitPolicy,
    apps: plan.apps.map(({ app }) => ({ app: app.app, stopSignal: app.stopSignal, stopTimeoutMs: app.stopTimeoutMs })),
  })
  const statuses = new StatusFiles(plan, context)
  await new Promise<void>((resolve, reject) => {
    const timers = new Timers((app) => tell({ kind: 'timeout', app }))
    const processes = new AppProcesses(plan, context, tell)
    const signals = listenToSignals(tell, () => guarded(() => processes.reap()))
    function tell(event: PolicyEvent): void {
      guarded(() => policy.handle(event).forEach(act))
      timers.soon(() => guarded(() => statuses.flush()))
    }
    function guarded(step: () => void): void {
      try {
        step()
      } catch (error) {
        signals.close()
        reject(error instanceof Error ? error : new Error(String(error)))
      }
    }
    function act(action: PolicyAction): void {
      switch (action.kind) {
        case 'launch': return processes.launch(action.app)
        case 'signal': return processes.signal(action.app, action.number)
        case 'arm': return timers.arm(action.app, action.afterMs)
        case 'disarm': return timers.disarm(action.app)
        case 'ready':
          timers.later(shrinkMemory, idleAfterMs)
          return statuses.ready()
        case 'record':
          statuses.record(action, processes.pidOf(action.app))
          if (action.state === 'over') processes.cleanUp(action.app)
          return
        case 'end':
          timers.close()
          void processes.close().then(() => {
            signals.close()
            statuses.end(action)
            resolve()
          }, reject)
          // While the pod's first process dies.
          statuses.flushApps()
      }
    }
    tell({ kind: 'begin' })
    guarded(() => statuses.begin())
  })
}

/** Also keeps the process alive: listening to signals alone does not. */
function listenToSignals(tell: (event: PolicyEvent) => void, childEnded: () => void): { close(): void } {
  const listeners: [NodeJS.Signals, (name: NodeJS.Signals, number: number) => void][] = [
    ['SIGCHLD', childEnded],
    ['SIGTERM', () => tell({ kind: 'stop', force: false })],
    ['SIGINT', () => tell({ kind: 'stop', force: false })],
    ...forwardedSignals.map((name): [NodeJS.Signals, (name: NodeJS.Signals, number: number) => void] =>
      [name, (_, number) => tell({ kind: 'signal', number })]),
  ]
  for (const [name, listener] of listeners) process.on(name, listener)
  const alive = setInterval(() => {}, 2 ** 31 - 1)
  return {
    close: () => {
      for (const [name, listener] of listeners) process.off(name, listener)
      clearInterval(alive)
    },
  }
}
