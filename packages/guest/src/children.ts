import type { ChildStreams, Ended, GuestSystem } from './guest-system.ts'

export interface Child {
  pid: number
  ended: Promise<Ended>
}

/**
 * The processes that the agent waits for. A detached app is no child at first: its launcher is, and may end after the app. So what nobody
 * waits for is kept as long as anything is being launched.
 */
export class Children {
  readonly #system: GuestSystem
  readonly #waiting = new Map<number, (ended: Ended) => void>()
  readonly #unclaimed = new Map<number, Ended>()
  #launching = 0

  constructor(system: GuestSystem) {
    this.#system = system
    system.onChildEnded((pid, ended) => {
      const waiter = this.#waiting.get(pid)
      this.#waiting.delete(pid)
      if (waiter !== undefined) waiter(ended)
      else if (this.#launching > 0) this.#unclaimed.set(pid, ended)
    })
  }

  /** Throws when the program cannot be started. */
  run(argv: readonly string[], streams: ChildStreams = {}): Child {
    const pid = this.#system.spawn(argv, streams)
    return { pid, ended: this.#wait(pid) }
  }

  /** Runs a launcher to its end, and then whatever `adopt` is called with may have ended before. */
  async launch<T>(work: (adopt: (pid: number) => Promise<Ended>) => Promise<T>): Promise<T> {
    this.#launching += 1
    try {
      return await work((pid) => {
        const already = this.#unclaimed.get(pid)
        this.#unclaimed.delete(pid)
        return already === undefined ? this.#wait(pid) : Promise.resolve(already)
      })
    } finally {
      this.#launching -= 1
      if (this.#launching === 0) this.#unclaimed.clear()
    }
  }

  #wait(pid: number): Promise<Ended> {
    return new Promise((resolve) => this.#waiting.set(pid, resolve))
  }
}
