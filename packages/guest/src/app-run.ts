import type { GuestApp, GuestEnd } from '@rocket/contracts/guest'
import type { Children } from './children.ts'
import { deleteVector, handlerVector, runVector } from './crun.ts'
import type { GuestSystem } from './guest-system.ts'
import { resizeTerminal, runProgram } from './program.ts'
import { portNamed, Streams } from './streams.ts'

const sigwinch = 28

/** One instance of an app: its handlers, its streams, the process that it is. */
export class AppRun {
  readonly spec: GuestApp
  #state: 'waiting' | 'launching' | 'running' | 'over' = 'waiting'
  #streams: Streams | undefined
  #pid = 0
  #launcher = 0

  constructor(spec: GuestApp) {
    this.spec = spec
  }

  get container(): string {
    return `app-${this.spec.app}`
  }

  get hasRun(): boolean {
    return this.#state !== 'waiting'
  }

  get isRunning(): boolean {
    return this.#state === 'running'
  }

  get isOver(): boolean {
    return this.#state === 'over'
  }

  /** The pre-start handler, then the app, to its end. Never rejects: what goes wrong is how it ended. */
  async run(system: GuestSystem, children: Children, started: (pid: number) => void): Promise<GuestEnd> {
    this.#state = 'launching'
    try {
      return await this.#run(system, children, started)
    } catch (error) {
      return { how: 'failed', reason: (error as Error).message.slice(0, 1000) }
    } finally {
      this.#state = 'over'
    }
  }

  async #run(system: GuestSystem, children: Children, started: (pid: number) => void): Promise<GuestEnd> {
    const { bundle, streams, handlers } = this.spec
    const opened = (this.#streams = await Streams.open(streams, system, children))
    if (handlers.preStart !== undefined) {
      const how = await children.run(handlerVector(`pre-${this.spec.app}`, handlers.preStart), outputs(opened)).ended
      if (!('exitCode' in how) || how.exitCode !== 0) {
        return { how: 'failed', reason: `its pre-start handler ${'exitCode' in how ? `exited with ${how.exitCode}` : `was ended by signal ${how.signal}`}` }
      }
    }
    return runProgram({
      name: this.container, argv: runVector(this.container, bundle, streams.terminal !== undefined), streams: opened.descriptors, terminal: streams.terminal,
      started: (pid, launcher) => {
        this.#state = 'running'
        this.#pid = pid
        this.#launcher = launcher
        started(pid)
      },
      // The post-stop handler writes where the app did.
      handedOver: () => {
        if (handlers.postStop === undefined) opened.handedOver()
      },
    }, system, children)
  }

  /** The post-stop handler; then all that was written goes out, and what crun keeps of the app is removed. */
  async finish(children: Children): Promise<void> {
    const { postStop } = this.spec.handlers
    if (postStop !== undefined && this.#pid !== 0) {
      await children.run(handlerVector(`post-${this.spec.app}`, postStop), outputs(this.#streams)).ended
    }
    this.#streams?.handedOver()
    await this.#streams?.finished()
    if (this.#pid !== 0) await children.run(deleteVector(this.container)).ended
  }

  signal(number: number, system: GuestSystem): void {
    if (this.isRunning) system.kill(this.#pid, number)
  }

  resize(rows: number, columns: number, system: GuestSystem, children: Children): void {
    const terminal = this.spec.streams.terminal
    if (terminal !== undefined) void resize(terminal.port, { rows, columns, launcher: this.#launcher }, system, children)
  }
}

/** crun is told, and passes the size of the port on to the program's own terminal. */
export async function resize(port: string, to: { rows: number; columns: number; launcher: number }, system: GuestSystem, children: Children): Promise<void> {
  const { terminal } = await portNamed(port, system)
  if (terminal === undefined) return
  await resizeTerminal(terminal, to.rows, to.columns, children).catch(() => {})
  system.kill(to.launcher, sigwinch)
}

function outputs(streams: Streams | undefined): { stdout?: number | undefined; stderr?: number | undefined } {
  return { stdout: streams?.descriptors.stdout, stderr: streams?.descriptors.stderr }
}
