import type { Invocation } from '../grammar/command.ts'
import { lastWord } from '../grammar/find-command.ts'
import { globalFlags } from '../grammar/flags/global.ts'
import { outputFlags } from '../grammar/flags/output.ts'
import type { ErrorStyle } from './errors.ts'

/** What a command was doing when an error met it: the middle part of `rm: cannot get pod: no matches found for "x"`. */
export class ContextError extends Error {
  readonly context: string

  constructor(context: string, cause: unknown) {
    super(context, { cause })
    this.context = context
  }
}

/** Runs a step of a command; what it throws is printed with `context`. */
export function within<T>(context: string, step: () => T): T {
  try {
    return step()
  } catch (error) {
    throw new ContextError(context, error)
  }
}

export function errorStyle(invocation: Invocation): ErrorStyle {
  return {
    prefix: lastWord(invocation.command.path),
    debug: invocation.flags.get(globalFlags.debug),
    json: invocation.flags.get(outputFlags.format) !== '',
  }
}
