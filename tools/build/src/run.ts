import { spawnSync } from 'node:child_process'

/** Runs a program of the build with its output shown; throws when it fails. */
export function run(program: string, args: readonly string[]): void {
  const result = spawnSync(program, args, { stdio: ['ignore', 'inherit', 'inherit'] })
  if (result.error) throw new Error(`${program} could not be run`, { cause: result.error })
  if (result.status !== 0) throw new Error(`${program} ${args.join(' ')} failed: ${result.signal ?? `exit ${result.status}`}`)
}
