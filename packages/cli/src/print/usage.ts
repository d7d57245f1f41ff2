import type { UsageError } from '../grammar/usage-error.ts'
import { lastWord } from '../grammar/find-command.ts'
import { formatHelp } from './help.ts'
import { writeError, writeOut } from './write.ts'

/** Says what was wrong with the command line, each kind where and how rkt says it. Returns the exit code. */
export function printUsageError(error: UsageError, json: boolean): number {
  if (json) {
    const what = error.message === '' ? 'wrong number of arguments' : error.message.split('\n\n')[0]
    writeError(`${JSON.stringify({ version: 1, code: 'USAGE', what })}\n`)
    return error.exitCode
  }
  switch (error.problem) {
    case 'missing-command':
      writeError('rkt: missing command\n')
      writeOut(formatHelp())
      break
    case 'positionals':
      writeOut(formatHelp(error.command))
      break
    case 'images':
      writeError(`${lastWord(error.command?.path ?? 'rkt')}: ${imageContext(error)}: ${error.message}\n`)
      break
    case 'unknown-command':
      writeError(`Error: ${error.message}\n`)
      break
    default:
      writeError(`Error: ${error.message}\n${formatHelp(error.command)}\n`)
  }
  return error.exitCode
}

function imageContext({ command }: UsageError): string {
  return command?.takesAppArgs === false ? 'unable to parse arguments' : 'error parsing app image arguments'
}
