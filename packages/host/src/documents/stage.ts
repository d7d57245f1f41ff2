import type { HandoffFiles } from './handoff-files.ts'

export interface StageContext {
  uuid: string
  /** Absolute; cwd of a stage program. */
  podDirectory: string
  /** Absolute; `store:x` in a document is x below it. */
  storeDirectory: string
  files: HandoffFiles
  /** Set for verbs on one app. */
  app?: string
  /** A diagnostic for the person at the terminal: one line on standard error, prefixed by the stage. */
  warn(message: string): void
  /** Shown with --debug only. */
  debug(message: string): void
  /** Progress of long work; the command line decides how it looks. */
  emit?(event: StageEvent): void
}

export type StageEvent =
  | { kind: 'layer-progress'; digest: string; from: 'file' | 'server'; receivedBytes: number; totalBytes: number | undefined }
  | { kind: 'layer-done'; digest: string }
  | { kind: 'message'; text: string }

/**
 * One verb of a stage. `plan` decides: it reads documents and looks at the machine, changes nothing, needs no root where that is
 * possible, and returns data that prints as JSON. `apply` does what the plan says and writes the documents.
 */
export interface Verb<P = unknown> {
  plan(context: StageContext): P
  apply(plan: P, context: StageContext): void | Promise<void>
}

export interface Stage {
  name: string
  verbs: Readonly<Record<string, Verb<any>>>
}

export function defineVerb<P>(verb: Verb<P>): Verb<P> {
  return verb
}
