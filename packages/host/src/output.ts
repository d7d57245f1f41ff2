import { writeSync } from 'node:fs'
import { isErrno } from '@rocket/contracts'
import { isDiskFull } from './errors.ts'
import { linux } from './linux.ts'
import { native } from './native.ts'

/** How to wait until a descriptor takes more. */
export type WaitForRoom = (fd: number) => void

/**
 * Standard output, written at once: `process.stdout` costs 4.6 ms and may lose its tail at `_exit`. A reader that has gone away
 * (`rkt list | head -1`) ends the writing silently and false is returned.
 */
export function writeOut(text: string | Uint8Array, wait?: WaitForRoom): boolean {
  return writeFully(1, text, wait)
}

/** Standard error, likewise. It is narration: what a full disk does not take of it is lost, and false is returned. */
export function writeErr(text: string | Uint8Array, wait?: WaitForRoom): boolean {
  try {
    return writeFully(2, text, wait)
  } catch (error) {
    if (isDiskFull(error)) return false
    throw error
  }
}

/** All of it, to a descriptor that may be non-blocking (a terminal or pipe shared with another program): then it waits for room. */
export function writeFully(fd: number, text: string | Uint8Array, wait: WaitForRoom = poll): boolean {
  const data = typeof text === 'string' ? Buffer.from(text) : text
  for (let offset = 0; offset < data.length;) {
    try {
      offset += writeSync(fd, data, offset)
    } catch (error) {
      if (isErrno(error, 'EPIPE', 'EBADF')) return false
      if (!isErrno(error, 'EAGAIN')) throw error
      wait(fd)
    }
  }
  return true
}

function poll(fd: number): void {
  native().poll([fd], [linux.POLLOUT], -1)
}
