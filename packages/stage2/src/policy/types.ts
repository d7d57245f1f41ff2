/** In start order. `stopTimeoutMs` runs from the stop signal to KILL. */
export interface PolicyPlan {
  exitPolicy: 'apps' | 'sandbox'
  apps: PolicyApp[]
}

export interface PolicyApp {
  app: string
  stopSignal: number
  stopTimeoutMs: number
}

/** How an app ended. `failed`: it never ran. */
export type EndedApp = { kind: 'exited'; exitCode: number } | { kind: 'signalled'; signal: number } | { kind: 'failed'; reason: string }

export type PolicyEvent =
  | { kind: 'begin' }
  | { kind: 'running'; app: string }
  | { kind: 'failed'; app: string; reason: string }
  | { kind: 'ended'; app: string; how: EndedApp }
  /** Somebody wants the pod to end; `force` skips the stop signal. */
  | { kind: 'stop'; force: boolean }
  /** A signal to pass on to every running app. */
  | { kind: 'signal'; number: number }
  | { kind: 'timeout'; app: string }
  /** An app more, in the place of one of its name that is over; it waits to be started. */
  | { kind: 'add'; app: PolicyApp }
  | { kind: 'start'; app: string }
  /** One app is to end, which is no failure of the pod. */
  | { kind: 'stop-app'; app: string; force: boolean }
  /** An app that waits or is over is forgotten. */
  | { kind: 'remove'; app: string }

export type PolicyAction =
  | { kind: 'launch'; app: string }
  | { kind: 'signal'; app: string; number: number }
  | { kind: 'arm'; app: string; afterMs: number }
  | { kind: 'disarm'; app: string }
  | { kind: 'record'; app: string; state: 'running' }
  | { kind: 'record'; app: string; state: 'over'; ended: EndedApp; stopped: boolean }
  /** Every app runs, or has ended. Comes once. */
  | { kind: 'ready' }
  /** The pod is over. `result` is the exit code of rkt run; `signal` is set when a signal ended the first failing app. */
  | { kind: 'end'; result: number; signal?: number; firstFailure?: string }
