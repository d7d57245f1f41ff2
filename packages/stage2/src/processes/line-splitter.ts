/** A longer line is cut here, so that an app that never ends its line cannot fill our memory. */
const longestLine = 64 * 1024

/** Bytes in, lines out, without their line feeds; the last one may be unfinished. */
export class LineSplitter {
  readonly #onLine: (line: Buffer) => void
  #rest: Buffer = Buffer.alloc(0)

  constructor(onLine: (line: Buffer) => void) {
    this.#onLine = onLine
  }

  push(chunk: Buffer): void {
    let bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk])
    for (let end = cut(bytes); end !== undefined; end = cut(bytes)) {
      this.#onLine(bytes.subarray(0, end.length))
      bytes = bytes.subarray(end.next)
    }
    this.#rest = Buffer.from(bytes)
  }

  end(): void {
    if (this.#rest.length > 0) this.#onLine(this.#rest)
    this.#rest = Buffer.alloc(0)
  }
}

function cut(bytes: Buffer): { length: number; next: number } | undefined {
  const feed = bytes.indexOf(10)
  if (feed >= 0 && feed <= longestLine) return { length: feed, next: feed + 1 }
  return bytes.length > longestLine ? { length: longestLine, next: longestLine } : undefined
}
