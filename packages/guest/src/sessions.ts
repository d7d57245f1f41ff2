import type { GuestEnd, GuestRequest } from '@rocket/contracts/guest'
import { RocketError } from '@rocket/contracts/guest'
import { resize } from './app-run.ts'
import type { Children } from './children.ts'
import { execVector, processFileOf } from './crun.ts'
import type { GuestSystem } from './guest-system.ts'
import { runProgram } from './program.ts'
import { Streams } from './streams.ts'

type Enter = Extract<GuestRequest, { verb: 'enter' }>

interface Session {
  request: Enter
  pid: number
  launcher: number
}

/** The programs that were entered into apps. Each runs in the app's confinement, with the OCI process that the request says. */
export class Sessions {
  readonly #system: GuestSystem
  readonly #children: Children
  readonly #ended: (session: string, end: GuestEnd) => void
  readonly #sessions = new Map<string, Session>()

  constructor(system: GuestSystem, children: Children, ended: (session: string, end: GuestEnd) => void) {
    this.#system = system
    this.#children = children
    this.#ended = ended
  }

  enter(request: Enter, container: string): void {
    if (this.#sessions.has(request.session)) throw new RocketError('POD_WRONG_STATE', { what: `session ${request.session} is there already` })
    const session: Session = { request, pid: 0, launcher: 0 }
    this.#sessions.set(request.session, session)
    void this.#run(session, container)
      .catch((error: unknown): GuestEnd => ({ how: 'failed', reason: (error as Error).message.slice(0, 1000) }))
      .then((end) => {
        this.#sessions.delete(request.session)
        this.#ended(request.session, end)
      })
  }

  signal(name: string, number: number): void {
    const { pid } = this.#find(name)
    if (pid !== 0) this.#system.kill(pid, number)
  }

  resize(name: string, rows: number, columns: number): void {
    const { request, launcher } = this.#find(name)
    const { terminal } = request.streams
    if (terminal !== undefined && launcher !== 0) void resize(terminal.port, { rows, columns, launcher }, this.#system, this.#children)
  }

  async #run(session: Session, container: string): Promise<GuestEnd> {
    const { request } = session
    const { terminal } = request.streams
    const name = `session-${request.session}`
    const streams = await Streams.open(request.streams, this.#system, this.#children)
    try {
      this.#system.writeText(processFileOf(name), JSON.stringify({ ...request.process, terminal: terminal !== undefined }))
      return await runProgram({
        name, argv: execVector(name, container, terminal !== undefined), streams: streams.descriptors, terminal,
        started: (pid, launcher) => Object.assign(session, { pid, launcher }),
        handedOver: () => streams.handedOver(),
      }, this.#system, this.#children)
    } finally {
      streams.handedOver()
      await streams.finished()
      this.#system.remove(processFileOf(name))
    }
  }

  #find(name: string): Session {
    const session = this.#sessions.get(name)
    if (session === undefined) throw new RocketError('POD_WRONG_STATE', { what: `there is no session ${name}` })
    return session
  }
}
