import type { ChildStreams, Ended, GuestSystem, Port } from '../guest-system.ts'

interface Spawned {
  pid: number
  argv: readonly string[]
  streams: ChildStreams
}

/**
 * A system that runs nothing: what is spawned is noted, and ends when the test says so. Its clock moves by hand. A detached crun that ends
 * well leaves a pid file, as the real one does.
 */
export class FakeSystem implements GuestSystem {
  readonly spawned: Spawned[] = []
  readonly killed: [pid: number, signal: number][] = []
  readonly files: Map<string, string> = new Map()
  readonly ports: Map<string, Port> = new Map()
  #nextPid = 100
  #nextFd = 10
  #nowMs = 0
  readonly #timers = new Set<{ atMs: number; work: () => void }>()
  #ended: (pid: number, ended: Ended) => void = () => {}

  now(): string {
    return new Date(this.#nowMs).toISOString()
  }

  after(ms: number, work: () => void): () => void {
    const timer = { atMs: this.#nowMs + ms, work }
    this.#timers.add(timer)
    return () => void this.#timers.delete(timer)
  }

  /** Lets time pass, and everything that waits for it happen. */
  async pass(ms: number): Promise<void> {
    this.#nowMs += ms
    for (const timer of this.#timers) {
      if (timer.atMs > this.#nowMs) continue
      this.#timers.delete(timer)
      timer.work()
    }
    await settle()
  }

  spawn(argv: readonly string[], streams: ChildStreams): number {
    this.#nextPid += 1
    this.spawned.push({ pid: this.#nextPid, argv, streams })
    return this.#nextPid
  }

  /** The last one spawned whose words include this one. */
  last(word: string): Spawned {
    const found = this.spawned.findLast(({ argv }) => argv.includes(word))
    if (found === undefined) throw new Error(`nothing with ${word} was spawned`)
    return found
  }

  async end(pid: number, ended: Ended): Promise<void> {
    this.#ended(pid, ended)
    await settle()
  }

  /** The launcher of a container ends, and leaves the app running. Returns the app's pid. */
  async started(container: string): Promise<number> {
    const launcher = this.last(container)
    this.#nextPid += 1
    const pid = this.#nextPid
    this.files.set(`/run/rocket/${container}.pid`, `${pid}`)
    await this.end(launcher.pid, { exitCode: 0 })
    return pid
  }

  kill(pid: number, signal: number): void {
    this.killed.push([pid, signal])
  }

  onChildEnded(handler: (pid: number, ended: Ended) => void): void {
    this.#ended = handler
  }

  pipe(): { read: number; write: number } {
    return { read: this.open(), write: this.open() }
  }

  open(): number {
    this.#nextFd += 1
    return this.#nextFd
  }

  close(): void {}

  findPort(name: string): Port | undefined {
    return this.ports.get(name)
  }

  readText(path: string): string | undefined {
    return this.files.get(path)
  }

  writeText(path: string, text: string): void {
    this.files.set(path, text)
  }

  remove(path: string): void {
    this.files.delete(path)
  }
}

/** Everything that only waited for promises has happened. */
export function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
