import type { Flag } from './flag.ts'
import { UsageProblem } from './usage-error.ts'

export interface ReadFlag {
  flag: Flag<unknown>
  text: string
  /** Index of the first word that was not consumed. */
  next: number
}

export function isFlagWord(word: string): boolean {
  return word.length > 1 && word.startsWith('-')
}

/** Reads the flag at `words[index]`, which must be a flag word and not `--`. Throws {@link UsageProblem}. */
export function readFlag(words: readonly string[], index: number, known: ReadonlyMap<string, Flag<unknown>>): ReadFlag {
  const word = words[index] ?? ''
  if (!word.startsWith('--')) return readShort(words, index, known)
  if (/^--[-=]?$/.test(word) || word.startsWith('---') || word.startsWith('--=')) throw new UsageProblem(`bad flag syntax: ${word}`)
  const equals = word.indexOf('=')
  const name = equals === -1 ? word.slice(2) : word.slice(2, equals)
  const flag = known.get(name)
  if (flag === undefined) throw new UsageProblem(`unknown flag: --${name}`)
  if (equals !== -1) return { flag, text: word.slice(equals + 1), next: index + 1 }
  if (flag.kind.bareText !== undefined) return { flag, text: flag.kind.bareText, next: index + 1 }
  const value = words[index + 1]
  if (value === undefined) throw new UsageProblem(`flag needs an argument: --${name}`)
  return { flag, text: value, next: index + 2 }
}

/** `-h`, `-o FILE` and `-oFILE`: one letter at a time, they are too few to be joined. */
function readShort(words: readonly string[], index: number, known: ReadonlyMap<string, Flag<unknown>>): ReadFlag {
  const word = words[index] ?? ''
  const letter = word[1] ?? ''
  const flag = [...known.values()].find((one) => one.short === letter)
  if (flag === undefined) throw new UsageProblem(`unknown shorthand flag: '${letter}' in ${word}`)
  const joined = word.slice(2).replace(/^=/, '')
  if (flag.kind.bareText !== undefined) {
    if (joined !== '') throw new UsageProblem(`unknown shorthand flag: '${joined[0]}' in ${word}`)
    return { flag, text: flag.kind.bareText, next: index + 1 }
  }
  if (joined !== '') return { flag, text: joined, next: index + 1 }
  const value = words[index + 1]
  if (value === undefined) throw new UsageProblem(`flag needs an argument: '${letter}' in ${word}`)
  return { flag, text: value, next: index + 2 }
}
