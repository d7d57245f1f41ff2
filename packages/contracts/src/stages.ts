import type { DocumentKind } from './documents.ts'

/**
 * What each verb of a stage reads and writes. `pod` runs with cwd = pod, `store` with cwd = store (the pod is in RKT_POD). Documents of
 * an app stand for those of every app below `apps/`, or, where `perApp` is set, for the one named in RKT_APP. Optional reads end in `?`.
 */
export interface VerbContract {
  cwd: 'pod' | 'store'
  reads: readonly (DocumentKind | `${DocumentKind}?`)[]
  writes: readonly DocumentKind[]
  perApp?: boolean
  /** Can be run again, and works from the UUID alone when documents are missing. */
  repeatable?: boolean
  /** No bound on its time. */
  unbounded?: boolean
}

export const stageContracts = {
  fetch: {
    fetch: { cwd: 'store', reads: ['Request'], writes: ['Images', 'ImageRecord', 'NameRef', 'Evidence', 'PodRef'], unbounded: true },
  },
  stage0: {
    prepare: { cwd: 'pod', reads: ['Request', 'Images', 'ImageRecord'], writes: ['Pod', 'ImageCopy', 'App'] },
    start: { cwd: 'pod', reads: ['Pod', 'App', 'RunRequest'], writes: ['Start'] },
    gc: { cwd: 'pod', reads: [], writes: [], repeatable: true },
  },
  network: {
    up: { cwd: 'pod', reads: ['Pod', 'App', 'Start', 'Sandbox'], writes: ['Net'] },
    down: { cwd: 'pod', reads: ['Net?'], writes: [], repeatable: true },
  },
  stage1: {
    create: { cwd: 'pod', reads: ['Pod', 'Start', 'Sandbox', 'Net', 'App'], writes: ['Run'] },
    'create-app': { cwd: 'pod', reads: ['Pod', 'Start', 'Sandbox', 'Net', 'Run', 'App'], writes: ['AppRun'], perApp: true },
    'destroy-app': { cwd: 'pod', reads: ['AppRun?'], writes: [], perApp: true, repeatable: true },
    destroy: { cwd: 'pod', reads: ['Run?'], writes: [], repeatable: true },
  },
  stage2: {
    run: { cwd: 'pod', reads: ['Pod', 'Start', 'Sandbox', 'App', 'Run', 'AppRun'], writes: ['Stage2State', 'AppStatus'], unbounded: true },
  },
} as const satisfies Record<string, Record<string, VerbContract>>

export type StageName = keyof typeof stageContracts
