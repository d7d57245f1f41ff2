import { readSync } from 'node:fs'
import { native, writeErr, writeOut } from '@rocket/host'

/** Whoever can be asked. */
export interface Terminal {
  /** Whether questions can be answered, and seen. */
  isTerminal: boolean
  /** Standard output. */
  print(text: string): void
  /** A line of narration on standard error. */
  say(text: string): void
  /** The next line without its end; undefined when there is none any more. */
  readLine(): string | undefined
}

export function openTerminal(): Terminal {
  return {
    isTerminal: native().isatty(0) === 1 && native().isatty(2) === 1,
    print: (text) => writeOut(text),
    say: (text) => writeErr(`pubkey: ${text}\n`),
    readLine,
  }
}

/** Byte by byte: what comes after the line is for others. */
function readLine(): string | undefined {
  const bytes: number[] = []
  const byte = Buffer.alloc(1)
  while (readSync(0, byte) === 1) {
    if (byte[0] === 0x0a) return Buffer.from(bytes).toString('utf8')
    bytes.push(byte[0]!)
  }
  return bytes.length === 0 ? undefined : Buffer.from(bytes).toString('utf8')
}
