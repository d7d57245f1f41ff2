import { writeErr, writeOut as writeToOut } from '@rocket/host'

/** The answer. A reader that is gone (`rkt list | head`) is no error. */
export function writeOut(text: string): void {
  writeToOut(text, pause)
}

/** The narration. */
export function writeError(text: string): void {
  writeErr(text, pause)
}

/** What only looks and prints needs no native part to wait with. */
function pause(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5)
}
