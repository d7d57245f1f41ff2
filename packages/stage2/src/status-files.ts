import { mkdirSync, symlinkSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { podLayout, type AppStatus, type Stage2State } from '@rocket/contracts'
import { documentFile, isDiskFull, ReservedFile, startTime, writeFileAtomic, type StageContext } from '@rocket/host'
import type { EndedApp, PolicyAction } from './policy/types.ts'
import type { SupervisionPlan } from './run.ts'

type RecordAction = Extract<PolicyAction, { kind: 'record' }>
type EndAction = Extract<PolicyAction, { kind: 'end' }>

/** Of our documents, and of the files in which rkt's readers look for the same. */
const documentMode = 0o640
const viewMode = 0o644

/**
 * Writes what became of the pod and its apps: our documents, and the files in which rkt's readers look for the same. A disk that fills
 * while the pod runs ends nothing: room for every later word is reserved at the beginning, and what finds none all the same is warned of.
 * What changes is written by `flush`, so that an app that ends as soon as it runs costs one write.
 */
export class StatusFiles {
  readonly #plan: SupervisionPlan
  readonly #context: StageContext
  readonly #statuses = new Map<string, AppStatus>()
  /** By path. */
  readonly #reserved = new Map<string, ReservedFile>()
  #state: Stage2State
  #stateChanged = false
  /** Apps whose status is not written yet. */
  readonly #changed = new Set<string>()
  /** What rkt's readers are told of the apps that are over; not written yet. */
  readonly #rktStatuses = new Map<string, string>()

  constructor(plan: SupervisionPlan, context: StageContext) {
    this.#plan = plan
    this.#context = context
    this.#state = {
      version: 1, uuid: context.uuid, process: { pid: process.pid, startTime: startTime(process.pid) ?? 0 }, state: 'starting', startedAt: now(),
    }
    for (const { app } of plan.apps) {
      this.#statuses.set(app.app, {
        version: 1, uuid: context.uuid, app: app.app, instance: app.instance, state: 'created', createdAt: this.#state.startedAt,
      })
    }
  }

  /** Called once the apps are being launched, which takes the runtime longer than this takes us. */
  begin(): void {
    this.#context.files.write('Stage2State', this.#state)
    this.#view(podLayout.view.pid, `${this.#plan.sandbox.holder.pid}\n`)
    // Still to come: ready, ended.
    this.#reserve(documentFile('Stage2State'), 2, documentMode)
    for (const status of this.#statuses.values()) {
      if (status.state !== 'created') continue
      this.#writeStatus(status)
      // Still to come: running, over.
      this.#reserve(documentFile('AppStatus', status.app), 2, documentMode)
      this.#reserve(podLayout.view.status(status.app), 1, viewMode)
    }
    for (const { app } of this.#plan.apps) {
      this.#view(podLayout.view.environment(app.app), app.environment.map(({ name, value }) => `${name}=${value}\n`).join(''))
    }
  }

  ready(): void {
    this.#setState({ ...this.#state, state: 'ready' })
    this.#markReady()
  }

  /** Writes what has changed. */
  flush(): void {
    this.flushApps()
    if (!this.#stateChanged) return
    this.#stateChanged = false
    this.#context.files.write('Stage2State', this.#state, undefined, (path, text) => this.#put(path, text, documentMode))
  }

  /** Writes what has changed of the apps. */
  flushApps(): void {
    for (const app of this.#changed) this.#writeStatus(this.#statuses.get(app) as AppStatus)
    this.#changed.clear()
    for (const [app, status] of this.#rktStatuses) this.#view(podLayout.view.status(app), status)
    this.#rktStatuses.clear()
  }

  #markReady(): void {
    const path = this.#path(podLayout.view.supervisorStatus)
    this.#surviveFullDisk(path, () => {
      mkdirSync(dirname(path), { recursive: true })
      symlinkSync('ready', path)
    })
  }

  record(action: RecordAction, pid: number | undefined): void {
    const before = this.#statuses.get(action.app)
    if (before === undefined) throw new Error(`no status of app ${action.app}`)
    if (action.state === 'running') {
      this.#setStatus({
        ...before, state: 'running', startedAt: now(), ...(pid === undefined ? {} : { process: { pid, startTime: startTime(pid) ?? 0 } }),
      })
      return
    }
    const { ended } = action
    const over: AppStatus = { ...before, state: ended.kind === 'failed' ? 'failed' : 'exited', finishedAt: now() }
    if (ended.kind === 'exited') over.exitCode = ended.exitCode
    if (ended.kind === 'signalled') over.signal = ended.signal
    if (ended.kind === 'failed') over.reason = ended.reason
    if (action.stopped) over.stopped = true
    this.#setStatus(over)
    this.#rktStatuses.set(action.app, String(rktStatus(ended, action.stopped)))
  }

  end(action: EndAction): void {
    this.#setState({
      ...this.#state, state: 'ended', endedAt: now(), result: action.result,
      ...(action.signal === undefined ? {} : { signal: action.signal }),
      ...(action.firstFailure === undefined ? {} : { firstFailure: action.firstFailure }),
    })
    this.flush()
    for (const reserved of this.#reserved.values()) reserved.release()
  }

  #setStatus(status: AppStatus): void {
    this.#statuses.set(status.app, status)
    this.#changed.add(status.app)
  }

  #setState(state: Stage2State): void {
    this.#state = state
    this.#stateChanged = true
  }

  #writeStatus(status: AppStatus): void {
    this.#context.files.write('AppStatus', status, status.app, (path, text) => this.#put(path, text, documentMode))
  }

  #view(file: string, text: string): void {
    const path = this.#path(file)
    mkdirSync(dirname(path), { recursive: true })
    this.#put(path, text, viewMode)
  }

  #reserve(file: string, times: number, mode: number): void {
    const path = this.#path(file)
    mkdirSync(dirname(path), { recursive: true })
    this.#reserved.set(path, new ReservedFile(path, { times, mode }))
  }

  #put(path: string, text: string, mode: number): void {
    const reserved = this.#reserved.get(path)
    if (reserved === undefined) writeFileAtomic(path, text, { mode })
    else this.#surviveFullDisk(path, () => reserved.replace(text))
  }

  #surviveFullDisk(path: string, work: () => void): void {
    try {
      work()
    } catch (error) {
      if (!isDiskFull(error)) throw error
      this.#context.warn(`${path} was not written, the disk is full; the pod goes on`)
    }
  }

  #path(file: string): string {
    return join(this.#context.podDirectory, file)
  }
}

/** rkt's status file: the exit code, the number of the signal, 0 for an app that ended because it was stopped, 254 for one that never ran. */
function rktStatus(ended: EndedApp, stopped: boolean): number {
  switch (ended.kind) {
    case 'exited': return ended.exitCode
    case 'signalled': return stopped ? 0 : ended.signal
    case 'failed': return 254
  }
}

function now(): string {
  return new Date().toISOString()
}
