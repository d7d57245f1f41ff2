import type { Invocation } from '../grammar/command.ts'
import { commands } from '../grammar/commands.ts'
import { findCommand } from '../grammar/find-command.ts'
import { formatHelp } from '../print/help.ts'
import { writeError, writeOut } from '../print/write.ts'

export function run({ positionals }: Invocation): number {
  const found = positionals.length === 0 ? undefined : findCommand(positionals, commands)
  if (found !== undefined && 'unknown' in found) {
    writeError(`Unknown help topic [${positionals.map((word) => `\`${word}\``).join(' ')}]\n`)
    writeOut(formatHelp())
    return 0
  }
  writeOut(formatHelp(found?.command))
  return 0
}
