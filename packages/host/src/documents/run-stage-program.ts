import { isAbsolute, resolve } from 'node:path'
import { isRocketError, RocketError } from '@rocket/contracts'
import { syscallError } from '../errors.ts'
import { writeErr, writeOut } from '../output.ts'
import { HandoffFiles } from './handoff-files.ts'
import type { Stage, StageContext } from './stage.ts'

/**
 * A stage as a program: `PROGRAM VERB [--dry-run]`, run with cwd = pod (the store for `fetch`). Environment: RKT_POD, RKT_UUID (default:
 * the name of the pod directory), RKT_STORE, RKT_APP for verbs on one app, RKT_DEBUG. Diagnostics on standard error. Ends with 0, or
 * with 254 and an error document as the last line of standard output. With --dry-run the plan is printed as JSON and nothing is done.
 */
export async function runStageProgram(stage: Stage, argv: readonly string[] = process.argv.slice(2)): Promise<void> {
  process.exitCode = await runVerb(stage, argv)
}

async function runVerb(stage: Stage, argv: readonly string[]): Promise<number> {
  const name = argv[0]
  const verb = name === undefined ? undefined : stage.verbs[name]
  const unknown = argv.slice(1).filter((word) => word !== '--dry-run')
  if (verb === undefined || unknown.length > 0) {
    writeErr(`usage: ${stage.name} ${Object.keys(stage.verbs).join('|')} [--dry-run]\n`)
    return 254
  }
  try {
    const context = contextOfProgram(stage)
    const plan: unknown = verb.plan(context)
    if (argv.includes('--dry-run')) writeOut(`${JSON.stringify(plan, undefined, 2)}\n`)
    else await verb.apply(plan as never, context)
    return 0
  } catch (thrown) {
    const error = coded(thrown, `${stage.name} ${name}`)
    writeErr(`${stage.name}: ${error.message}${error.hint === undefined ? '' : `\n  ${error.hint}`}\n`)
    writeOut(`${JSON.stringify({ ...error.toDocument(), stage: stage.name, verb: name })}\n`)
    return 254
  }
}

/** What the kernel refused is no bug of ours, and often all that is wrong is who runs the program. Anything else is a bug. */
function coded(error: unknown, what: string): RocketError {
  if (isRocketError(error) || (error instanceof Error && 'syscall' in error)) return syscallError(error, `${what} cannot go on`)
  throw error
}

function contextOfProgram(stage: Stage): StageContext {
  const podDirectory = resolve(process.env.RKT_POD ?? '.')
  const uuid = process.env.RKT_UUID ?? podDirectory.slice(podDirectory.lastIndexOf('/') + 1)
  const storeDirectory = process.env.RKT_STORE ?? resolve(podDirectory, '../../../cas')
  if (!isAbsolute(storeDirectory)) {
    throw new RocketError('USAGE', { what: `RKT_STORE is ${storeDirectory}`, why: 'it must be an absolute path' })
  }
  const app = process.env.RKT_APP
  return {
    uuid, podDirectory, storeDirectory,
    files: new HandoffFiles(podDirectory, { sync: stage.name === 'stage0' || stage.name === 'fetch' }),
    ...(app === undefined ? {} : { app }),
    warn: (message) => writeErr(`${stage.name}: ${message}\n`),
    debug: (message) => {
      if (process.env.RKT_DEBUG === 'true') writeErr(`${stage.name}: ${message}\n`)
    },
  }
}
