import type { Invocation } from './grammar/command.ts'
import { commands } from './grammar/commands.ts'
import { parse } from './grammar/parse.ts'
import { keepCode } from './keep-code.ts'
import { exit } from './print/exit.ts'
import { writeError, writeOut } from './print/write.ts'

/** What rkt exits with for every failure of its own, so that it can be told from that of an app. */
const ownFailure = 254

/**
 * `rkt`, from words to exit code. What is imported here is loaded by every command, so it is only the grammar; a command brings along what
 * it needs when it is reached.
 */
async function main(argv: readonly string[]): Promise<number> {
  const parsed = parse(argv, commands)
  switch (parsed.kind) {
    case 'help': {
      const { formatHelp } = await import('./print/help.ts')
      writeOut(formatHelp(parsed.command))
      keepCode()
      return 0
    }
    case 'usage-error': {
      if (parsed.problem === 'images' && parsed.command?.needsRoot === true && !isRoot()) return refuseUser(parsed.command.path)
      const { printUsageError } = await import('./print/usage.ts')
      return printUsageError(parsed, argv.some((word) => word.startsWith('--format=json')))
    }
    default: return runCommand(parsed.invocation)
  }
}

async function runCommand(invocation: Invocation): Promise<number> {
  const { command, notices } = invocation
  for (const notice of notices) writeError(`${notice}\n`)
  if (command.needsRoot && !isRoot()) return refuseUser(command.path)
  try {
    const module = await command.load?.()
    const code = (await module?.run(invocation)) ?? 0
    keepCode()
    return code
  } catch (error) {
    const [{ errorStyle }, { printError }] = await Promise.all([import('./print/context.ts'), import('./print/errors.ts')])
    printError(error, errorStyle(invocation))
    return ownFailure
  }
}

function isRoot(): boolean {
  return process.geteuid?.() === 0
}

function refuseUser(path: string): number {
  writeError(`${path.slice(path.lastIndexOf(' ') + 1)}: cannot run as unprivileged user [NOT_ROOT]\n  try: run it as root\n`)
  return ownFailure
}

void main(process.argv.slice(2)).then(exit)
