import type { Flag, FlagValues } from './flag.ts'

/** One image of `run`, `prepare` or `fetch`, with the flags that followed it and the words between `--` and `---`. */
export interface ImageArgument {
  /** As written; `classifyImage` says what it is. */
  reference: string
  flags: FlagValues
  args: string[]
}

/** What a command is given: everything the user said, parsed, nothing looked up. */
export interface Invocation {
  command: Command
  flags: FlagValues
  images: ImageArgument[]
  positionals: string[]
  /** Lines for standard error, before anything else: flags that are on their way out. */
  notices: string[]
}

/** A module of `commands/`: the answer goes to standard output, the number is the exit code. */
export interface CommandModule {
  run(invocation: Invocation): number | Promise<number>
}

export interface Command {
  /** The words, as `image list`. */
  path: string
  /** One line, for the list of commands. */
  summary: string
  /** What follows the words in the usage line. */
  usage: string
  description: string
  examples: readonly string[]
  flags: readonly Flag<unknown>[]
  /**
   * `anywhere`: flags and words mix. `images`: after the first word the grammar of images holds. `verbatim`: after the first
   * word nothing is a flag any more.
   */
  words: 'anywhere' | 'images' | 'verbatim'
  /** For `images`: false where words after `--` have no meaning (`fetch`). */
  takesAppArgs?: boolean
  /** False means: show the usage. Absent: no words are accepted. For `images` it is not asked. */
  accepts?: (positionals: readonly string[], flags: FlagValues) => boolean
  needsRoot: boolean
  hidden?: boolean
  /** Rocket's own. Prefixes are looked for among rkt's commands first, so that what rkt users abbreviate stays as it was. */
  isNew?: boolean
  /** Absent for a group (`image`), which shows its help. */
  load?: () => Promise<CommandModule>
}
