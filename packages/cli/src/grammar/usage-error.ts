import type { Command } from './command.ts'

/**
 * A command line that was not understood, in the words of rkt and of the libraries it was made with: scripts compare them.
 * `images` errors are printed as diagnostics of the command, the others begin with `Error:` and are followed by the usage.
 */
export interface UsageError {
  kind: 'usage-error'
  problem: 'missing-command' | 'unknown-command' | 'flag' | 'positionals' | 'images'
  /** Without prefix; empty for `positionals`, where the usage is the message. */
  message: string
  command?: Command
  exitCode: number
}

/** Thrown inside the parser, where the command is not known yet. */
export class UsageProblem extends Error {}
