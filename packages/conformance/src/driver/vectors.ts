import { closeSync, openSync } from 'node:fs'
import { native, writeErr, type NativeSpawnOptions } from '@rocket/host'
import type { DriveSpec } from './spec.ts'

const lockFd = 9
const pathOfVectors = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

/** Starts a vector as the contract has it, in the pod's directory. Its pid. */
export function spawnVector(
  spec: DriveSpec, argv: readonly string[], app: string | undefined, fds: readonly number[], options: Partial<NativeSpawnOptions> = {},
): number {
  const [file = ''] = argv
  const env = Object.entries(environment(spec, app)).filter(([, value]) => value !== undefined).map(([name, value]) => `${name}=${value}`)
  return native().spawn(file, argv, env, { cwd: spec.podDirectory, ...options, fds })
}

/** To its end; a failure is said and no more. */
export function runVector(spec: DriveSpec, argv: readonly string[], app?: string): void {
  const none = openSync('/dev/null', 'r')
  const ended = native().waitPid(spawnVector(spec, argv, app, [none, 2, 2]), true)
  closeSync(none)
  if (ended?.exitCode !== 0) writeErr(`${argv.join(' ')} ended with ${JSON.stringify(ended)}\n`)
}

/** What stage programs and vectors find. */
export function environment(spec: DriveSpec, app?: string): Record<string, string | undefined> {
  return {
    PATH: process.env['PATH'] ?? pathOfVectors, RKT_POD: spec.podDirectory, RKT_UUID: spec.uuid, RKT_STORE: spec.storeDirectory,
    RKT_LOCK_FD: String(lockFd), RKT_APP: app,
    ...spec.environment,
  }
}
