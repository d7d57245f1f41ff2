import { writeSync } from 'node:fs'

/**
 * The answer. `process.stdout` costs five milliseconds to load, hence the plain descriptor. A reader that is gone (`rkt list | head`)
 * is no error. Nothing but `fs` is loaded for it: `version` needs no more.
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
      const { code } = error as NodeJS.ErrnoException
      if (code === 'EPIPE') return
      // A pipe or terminal that someone made non-blocking: wait a moment for its reader.
      if (code !== 'EAGAIN') throw error
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5)
    }
  }
}
