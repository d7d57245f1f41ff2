/** Bytes in, lines out, without their line feeds. A line longer than the limit is passed over, and said to be. */
export class RequestLines {
  readonly #limit: number
  readonly #onLine: (line: Uint8Array) => void
  readonly #onTooLong: () => void
  #rest: number[] = []
  #skipping = false

  constructor(limit: number, onLine: (line: Uint8Array) => void, onTooLong: () => void) {
    this.#limit = limit
    this.#onLine = onLine
    this.#onTooLong = onTooLong
  }

  push(bytes: Uint8Array): void {
    for (const byte of bytes) {
      if (byte === lineFeed) this.#end()
      else if (this.#rest.length < this.#limit - 1) this.#rest.push(byte)
      else this.#skipping = true
    }
  }

  #end(): void {
    const line = Uint8Array.from(this.#rest)
    const skipped = this.#skipping
    this.#rest = []
    this.#skipping = false
    if (skipped) this.#onTooLong()
    else if (line.length > 0) this.#onLine(line)
  }
}

const lineFeed = 10
