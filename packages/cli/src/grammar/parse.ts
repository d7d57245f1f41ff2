import type { Command, Invocation } from './command.ts'
import { FlagValues, type Flag } from './flag.ts'
import { childrenOf, findCommand } from './find-command.ts'
import { globalFlags } from './flags/global.ts'
import { parseImages, setFlag, type FlagTarget } from './parse-images.ts'
import { isFlagWord, readFlag } from './read-flag.ts'
import { UsageProblem, type UsageError } from './usage-error.ts'

export type Parsed =
  | { kind: 'invocation'; invocation: Invocation }
  /** No command is the help of `rkt` itself. */
  | { kind: 'help'; command?: Command }
  | UsageError

/** The whole command line, without the program's name. Pure: it looks at nothing but its arguments. */
export function parse(argv: readonly string[], commands: readonly Command[]): Parsed {
  const { command, rest, unknown } = takeCommandWords(argv, commands)
  if (unknown !== undefined) return unknown
  const known = flagsByName(command)
  const target: FlagTarget = { pod: new FlagValues(), images: [], notices: [] }
  let words: string[]
  try {
    words = parseLeadingFlags(rest, command, known, target)
  } catch (error) {
    return usageError('flag', error, command)
  }
  if (target.pod.get(globalFlags.help)) return command === undefined ? { kind: 'help' } : { kind: 'help', command }
  if (command === undefined) return { kind: 'usage-error', problem: 'missing-command', message: 'missing command', exitCode: 2 }
  if (command.load === undefined) return { kind: 'help', command }
  return finish(command, words, known, target)
}

function finish(command: Command, words: string[], known: Map<string, Flag<unknown>>, target: FlagTarget): Parsed {
  const invocation: Invocation = { command, flags: target.pod, images: target.images, positionals: words, notices: target.notices }
  if (command.words === 'images') {
    try {
      parseImages(words, known, target, command.takesAppArgs !== false)
    } catch (error) {
      return usageError('images', error, command)
    }
    if (target.pod.get(globalFlags.help)) return { kind: 'help', command }
    return { kind: 'invocation', invocation: { ...invocation, positionals: [] } }
  }
  const accepts = command.accepts ?? ((positionals: readonly string[]) => positionals.length === 0)
  if (accepts(words, target.pod)) return { kind: 'invocation', invocation }
  return { kind: 'usage-error', problem: 'positionals', message: '', command, exitCode: 254 }
}

/** Flags up to the first word where the command stops there, else all of them; returns what is not a flag. */
function parseLeadingFlags(
  rest: readonly string[],
  command: Command | undefined,
  known: ReadonlyMap<string, Flag<unknown>>,
  target: FlagTarget,
): string[] {
  const words: string[] = []
  let index = 0
  while (index < rest.length) {
    const word = rest[index] ?? ''
    if (word === '--') return [...words, ...rest.slice(index + 1)]
    if (isFlagWord(word)) {
      const { flag, text, next } = readFlag(rest, index, known)
      setFlag(flag, text, target)
      index = next
    } else if (command !== undefined && command.words !== 'anywhere') {
      return rest.slice(index)
    } else {
      words.push(word)
      index += 1
    }
  }
  return words
}

/** Finds the command's words among the flags that may stand before them, and returns the rest in its order. */
function takeCommandWords(
  argv: readonly string[],
  commands: readonly Command[],
): { command?: Command; rest: string[]; unknown?: UsageError } {
  const everyFlag = flagsByName(...commands)
  const taken: number[] = []
  const words: string[] = []
  let command: Command | undefined
  let index = 0
  while (index < argv.length && argv[index] !== '--') {
    const word = argv[index] ?? ''
    if (isFlagWord(word)) {
      index += takesNextWord(word, everyFlag) ? 2 : 1
      continue
    }
    const found = findCommand([...words, word], commands)
    if ('unknown' in found) return { rest: [], unknown: unknownCommand(found) }
    command = found.command
    words.push(word)
    taken.push(index)
    index += 1
    if (childrenOf(command.path, commands).length === 0) break
  }
  const rest = argv.filter((_, position) => !taken.includes(position))
  return command === undefined ? { rest } : { command, rest }
}

function takesNextWord(word: string, known: ReadonlyMap<string, Flag<unknown>>): boolean {
  const long = word.startsWith('--')
  const flag = long ? known.get(word.slice(2)) : [...known.values()].find((one) => word === `-${one.short}`)
  return flag !== undefined && flag.kind.bareText === undefined
}

function flagsByName(...commands: (Command | undefined)[]): Map<string, Flag<unknown>> {
  const flags = new Map<string, Flag<unknown>>()
  for (const command of commands) for (const flag of command?.flags ?? []) flags.set(flag.name, flag)
  for (const flag of Object.values(globalFlags)) flags.set(flag.name, flag)
  return flags
}

function unknownCommand({ unknown, parent, suggestions }: { unknown: string; parent: string; suggestions: string[] }): UsageError {
  const program = parent === '' ? 'rkt' : `rkt ${parent}`
  const hint = isOfRkt(parent, unknown) ? '\n\nrkt has this command, this version of Rocket has not: docs/compatibility.md\n'
    : suggestions.length === 0 ? '' : `\n\nDid you mean this?\n${suggestions.map((word) => `\t${word}\n`).join('')}`
  const message = `unknown command ${JSON.stringify(unknown)} for ${JSON.stringify(program)}${hint}`
  return { kind: 'usage-error', problem: 'unknown-command', message: `${message}\nRun '${program} --help' for usage.`, exitCode: 254 }
}

/** Commands of rkt that are not there: who knows them is told that nothing was misspelt. */
const missing: readonly string[] = [
  'api-service', 'app', 'attach', 'config', 'export', 'metadata-service',
]

function isOfRkt(parent: string, word: string): boolean {
  return missing.includes(parent === '' ? word : `${parent} ${word}`)
}

function usageError(problem: 'flag' | 'images', error: unknown, command: Command | undefined): UsageError {
  if (!(error instanceof UsageProblem)) throw error
  const message = error.message
  return { kind: 'usage-error', problem, message, exitCode: 254, ...(command === undefined ? {} : { command }) }
}
