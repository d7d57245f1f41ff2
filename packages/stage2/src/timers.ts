const soonMs = 3

/** At most one timer per app, and things to do later if the pod still lives then. */
export class Timers {
  readonly #timers = new Map<string, NodeJS.Timeout>()
  readonly #others: NodeJS.Timeout[] = []
  #soon: NodeJS.Timeout | undefined
  readonly #expired: (app: string) => void

  constructor(expired: (app: string) => void) {
    this.#expired = expired
  }

  arm(app: string, afterMs: number): void {
    this.disarm(app)
    this.#timers.set(app, setTimeout(() => this.#expired(app), afterMs))
  }

  disarm(app: string): void {
    clearTimeout(this.#timers.get(app))
    this.#timers.delete(app)
  }

  /** Within a few milliseconds, once for all who ask until then. */
  soon(work: () => void): void {
    this.#soon ??= setTimeout(() => {
      this.#soon = undefined
      work()
    }, soonMs)
  }

  later(work: () => void, afterMs: number): void {
    this.#others.push(setTimeout(work, afterMs))
  }

  close(): void {
    clearTimeout(this.#soon)
    for (const timer of this.#others) clearTimeout(timer)
    for (const app of [...this.#timers.keys()]) this.disarm(app)
  }
}
