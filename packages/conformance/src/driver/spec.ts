/** What the suite asks of one run of a pod, and what it learns. Both cross a process boundary as JSON. */
export interface DriveSpec {
  uuid: string
  podDirectory: string
  storeDirectory: string
  /** The stage1 program with leading arguments; the verb is appended. */
  stage1: readonly string[]
  /** A stage2 program that runs the vectors instead of the driver's own loop; `run` is appended. */
  stage2?: readonly string[]
  /** A network stage; without one its document is there already. `up` and `down` are appended. */
  network?: readonly string[]
  /** For stage programs, besides what the contract gives them. */
  environment: Readonly<Record<string, string>>
  /** Done in order when all apps run. */
  steps: readonly Step[]
  /** Then all apps must have ended by themselves, or are killed. */
  timeoutMs: number
  /**
   * A host that shares its mounts, as one with systemd does: a mount namespace around the pod's, in which the first script is run to its
   * end before the pod begins, and the second beside the pod.
   */
  host?: { before: string; beside: string }
  /** The app gets a terminal of its own as descriptors 0, 1 and 2; what it wrote there is in the result. */
  terminal?: boolean
}

export type Step =
  /** Until the app has made the file /ready in its root. */
  | { kind: 'wait-ready'; app: string }
  | { kind: 'signal'; app: string; signal: number }
  | { kind: 'enter'; app: string; argv: readonly string[] }
  | { kind: 'pause'; milliseconds: number }

export interface DriveResult {
  /** How each app ended; undefined when it never ran. */
  apps: Record<string, { exitCode?: number; signal?: number; failed?: string }>
  /** For each `enter` step, in order. */
  entered: { exitCode?: number; signal?: number; output: string }[]
  /** A verb that failed, with what it printed on standard output. */
  failure?: { verb: string; exitCode: number; output: string }
  terminal?: string
  milliseconds: Record<string, number>
  holder: number
}
