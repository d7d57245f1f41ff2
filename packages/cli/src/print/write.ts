import { writeSync } from 'node:fs'
import { isErrno } from '@rocket/contracts'

/**
 * The answer. `process.stdout` costs five milliseconds to load, hence the plain descriptor. A reader that is gone (`rkt list | head`)
 * is no error.
 */
export function writeOut(text: string): void {
  write(1, text)
}

/** The narration. */
export function writeError(text: string): void {
  write(2, text)
}

function write(descriptor: number, text: string): void {
  const bytes = Buffer.from(text)
  for (let offset = 0; offset < bytes.length; ) {
    try {
      offset += writeSync(descriptor, bytes, offset)
    } catch (error) {
      if (isErrno(error, 'EPIPE')) return
      // A pipe or terminal that someone made non-blocking: wait a moment for its reader.
      if (!isErrno(error, 'EAGAIN')) throw error
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5)
    }
  }
}
