import type { FlagValues } from './flag.ts'
import { outputFlags } from './flags/output.ts'

/** One UUID, or a file that holds it, and not both. */
export function uuidOrFile(words: readonly string[], flags: FlagValues): boolean {
  return flags.get(outputFlags.uuidFile) === '' ? words.length === 1 : words.length === 0
}

/** Any number of UUIDs, or a file that holds one, and not both. */
export function uuidsOrFile(words: readonly string[], flags: FlagValues): boolean {
  return flags.get(outputFlags.uuidFile) === '' ? words.length >= 1 : words.length === 0
}
