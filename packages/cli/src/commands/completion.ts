import type { Invocation } from '../grammar/command.ts'
import { errorStyle } from '../print/context.ts'
import { printLine } from '../print/errors.ts'
import { writeOut } from '../print/write.ts'
import { bashCompletion } from '../completion/bash.ts'
import { fishCompletion } from '../completion/fish.ts'
import { zshCompletion } from '../completion/zsh.ts'

const shells: Record<string, () => string> = { bash: bashCompletion, fish: fishCompletion, zsh: zshCompletion }

export function run(invocation: Invocation): number {
  const [shell, ...more] = invocation.positionals
  const problem =
    shell === undefined ? 'shell type is not specified' : more.length > 0 ? 'too many arguments, only shell type is expected' : undefined
  const script = shell === undefined || problem !== undefined ? undefined : shells[shell]?.()
  if (script === undefined) {
    printLine(problem ?? `'${shell}' shell is not supported`, errorStyle(invocation))
    return 254
  }
  writeOut(script)
  return 0
}
