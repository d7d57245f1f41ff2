import type { GuestStreams } from '@rocket/contracts/guest'
import type { Children } from './children.ts'
import type { ChildStreams, GuestSystem, Port } from './guest-system.ts'

/** A process elsewhere may hold the other end of an output for ever. */
const drainMs = 1000
const sigkill = 9
const portPatienceMs = 5000
const lookAgainMs = 5
const cat: readonly string[] = ['/bin/cat']

/**
 * The standard streams of one program. Between it and each port is a pipe and a `cat`: a port can be opened once only, while an app
 * may open /dev/stdout again; and a port whose host does not read blocks that process alone.
 */
export class Streams {
  readonly #children: Children
  readonly #system: GuestSystem
  readonly #ours: number[] = []
  readonly #drains: Promise<unknown>[] = []
  #input: number | undefined
  /** For the program; closed here by `handedOver`. */
  readonly descriptors: ChildStreams = {}

  /** Ports may appear after they were named, as those of a program that is entered do. Throws when one does not. */
  static async open(spec: GuestStreams, system: GuestSystem, children: Children): Promise<Streams> {
    const streams = new Streams(system, children)
    try {
      if (spec.terminal !== undefined) streams.#terminal(await portNamed(spec.terminal.port, system))
      if (spec.stdin !== undefined) streams.#in(await portNamed(spec.stdin, system))
      if (spec.stdout !== undefined) streams.descriptors.stdout = streams.#out(await portNamed(spec.stdout, system))
      if (spec.stderr !== undefined) streams.descriptors.stderr = streams.#out(await portNamed(spec.stderr, system))
      return streams
    } catch (error) {
      streams.handedOver()
      await streams.finished()
      throw error
    }
  }

  private constructor(system: GuestSystem, children: Children) {
    this.#system = system
    this.#children = children
  }

  /** Closes our copies of what programs have got: from then on their end is the end of the streams. */
  handedOver(): void {
    for (const fd of this.#ours.splice(0)) this.#system.close(fd)
  }

  /** Resolves when all that was written has gone out of the ports, or after a second. */
  async finished(): Promise<void> {
    if (this.#input !== undefined) this.#system.kill(this.#input, sigkill)
    this.#input = undefined
    let cancel = (): void => {}
    const patience = new Promise<void>((resolve) => (cancel = this.#system.after(drainMs, resolve)))
    await Promise.race([Promise.all(this.#drains), patience])
    cancel()
  }

  #terminal({ path, terminal }: Port): void {
    if (terminal === undefined) throw new Error(`port ${path} is no terminal`)
    const fd = this.#mine(this.#system.open(terminal, 'terminal'))
    Object.assign(this.descriptors, { stdin: fd, stdout: fd, stderr: fd })
  }

  #in({ path }: Port): void {
    const port = this.#system.open(path, 'read')
    const pipe = this.#system.pipe()
    const pump = this.#pump(port, pipe.write)
    this.#input = pump.pid
    void pump.ended.then(() => {
      if (this.#input === pump.pid) this.#input = undefined
    })
    this.descriptors.stdin = this.#mine(pipe.read)
  }

  #out({ path }: Port): number {
    const port = this.#system.open(path, 'write')
    const pipe = this.#system.pipe()
    this.#drains.push(this.#pump(pipe.read, port).ended)
    return this.#mine(pipe.write)
  }

  #pump(from: number, to: number): ReturnType<Children['run']> {
    try {
      return this.#children.run(cat, { stdin: from, stdout: to })
    } finally {
      this.#system.close(from)
      this.#system.close(to)
    }
  }

  #mine(fd: number): number {
    this.#ours.push(fd)
    return fd
  }
}

export async function portNamed(name: string, system: GuestSystem): Promise<Port> {
  for (let waitedMs = 0; waitedMs <= portPatienceMs; waitedMs += lookAgainMs) {
    const port = system.findPort(name)
    if (port !== undefined) return port
    await new Promise<void>((resolve) => void system.after(lookAgainMs, resolve))
  }
  throw new Error(`port ${name} did not appear`)
}
