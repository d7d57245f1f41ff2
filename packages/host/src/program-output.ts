import { closeSync, openSync, readSync } from 'node:fs'
import { isErrno } from '@rocket/contracts'
import { native } from './native.ts'

/** One of the program's output streams and our end of its pipe. */
export class ProgramOutput {
  readonly childFd: number
  readonly #ownsChildFd: boolean
  readonly #maxBytes: number
  readonly #chunks: Buffer[] = []
  #length = 0
  /** -1 when there is nothing to read, or no more. */
  fd = -1
  truncated = false

  constructor(kind: 'capture' | 'inherit' | 'ignore', own: number, maxBytes: number) {
    this.#maxBytes = maxBytes
    this.#ownsChildFd = kind !== 'inherit'
    if (kind === 'capture') {
      const [read, write] = native().pipe()
      native().setNonblocking(read, true)
      this.fd = read
      this.childFd = write
    } else {
      this.childFd = kind === 'inherit' ? own : openSync('/dev/null', 'w')
    }
  }

  closeChildSide(): void {
    if (this.#ownsChildFd) closeSync(this.childFd)
  }

  close(): void {
    if (this.fd >= 0) closeSync(this.fd)
    this.fd = -1
  }

  /** Reads what is there. */
  drain(): void {
    while (this.fd >= 0) {
      try {
        const chunk = Buffer.allocUnsafe(65536)
        const length = readSync(this.fd, chunk)
        if (length === 0) return this.close()
        this.#keep(chunk.subarray(0, length))
      } catch (error) {
        if (isErrno(error, 'EAGAIN')) return
        throw error
      }
    }
  }

  bytes(): Buffer {
    return this.#chunks.length === 1 ? (this.#chunks[0] as Buffer) : Buffer.concat(this.#chunks)
  }

  #keep(chunk: Buffer): void {
    const room = this.#maxBytes - this.#length
    if (chunk.length > room) this.truncated = true
    const kept = chunk.subarray(0, room)
    if (kept.length > 0) this.#chunks.push(kept)
    this.#length += kept.length
  }
}
