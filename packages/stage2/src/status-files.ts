import { mkdirSync, symlinkSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { podLayout, type AppStatus, type Stage2State } from '@rocket/contracts'
import { startTime, writeFileAtomic, type StageContext } from '@rocket/host'
import type { EndedApp, PolicyAction } from './policy/types.ts'
import type { SupervisionPlan } from './run.ts'

type RecordAction = Extract<PolicyAction, { kind: 'record' }>
type EndAction = Extract<PolicyAction, { kind: 'end' }>

/** Writes what became of the pod and its apps: our documents, and the files in which rkt's readers look for the same. */
export class StatusFiles {
  readonly #plan: SupervisionPlan
  readonly #context: StageContext
  readonly #statuses = new Map<string, AppStatus>()
  #state: Stage2State

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
    for (const status of this.#statuses.values()) if (status.state === 'created') this.#write(status)
    for (const { app } of this.#plan.apps) {
      this.#view(podLayout.view.environment(app.app), app.environment.map(({ name, value }) => `${name}=${value}\n`).join(''))
    }
  }

  ready(): void {
    this.#replaceState({ ...this.#state, state: 'ready' })
    const path = join(this.#context.podDirectory, podLayout.view.supervisorStatus)
    mkdirSync(dirname(path), { recursive: true })
    symlinkSync('ready', path)
  }

  record(action: RecordAction, pid: number | undefined): void {
    const before = this.#statuses.get(action.app)
    if (before === undefined) throw new Error(`no status of app ${action.app}`)
    if (action.state === 'running') {
      this.#write({
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
    this.#write(over)
    this.#view(podLayout.view.status(action.app), String(rktStatus(ended, action.stopped)))
  }

  end(action: EndAction): void {
    this.#replaceState({
      ...this.#state, state: 'ended', endedAt: now(), result: action.result,
      ...(action.signal === undefined ? {} : { signal: action.signal }),
      ...(action.firstFailure === undefined ? {} : { firstFailure: action.firstFailure }),
    })
  }

  #write(status: AppStatus): void {
    this.#statuses.set(status.app, status)
    this.#context.files.write('AppStatus', status, status.app)
  }

  #replaceState(state: Stage2State): void {
    this.#state = state
    this.#context.files.write('Stage2State', state)
  }

  #view(file: string, text: string): void {
    const path = join(this.#context.podDirectory, file)
    mkdirSync(dirname(path), { recursive: true })
    writeFileAtomic(path, text, { mode: 0o644 })
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
