/** At most one timer per app. */
export class Timers {
  readonly #timers = new Map<string, NodeJS.Timeout>()
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

  close(): void {
    for (const app of [...this.#timers.keys()]) this.disarm(app)
  }
}
