/** At most one timer per app, and things to do later if the pod still lives then. */
export class Timers {
  readonly #timers = new Map<string, NodeJS.Timeout>()
  readonly #others: NodeJS.Timeout[] = []
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

  later(work: () => void, afterMs: number): void {
    this.#others.push(setTimeout(work, afterMs))
  }

  close(): void {
    for (const timer of this.#others) clearTimeout(timer)
    for (const app of [...this.#timers.keys()]) this.disarm(app)
  }
}
