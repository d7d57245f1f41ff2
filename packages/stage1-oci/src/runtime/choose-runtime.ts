import { findProgram, installHint } from '@rocket/host'
import { RocketError } from '@rocket/contracts'
import { type KnownRuntime, readRuntime } from './known-runtimes.ts'

/** Those we know to do what `planBundle` relies on, the quickest first. The others are used when they are named. */
const preferred: readonly string[] = ['crun', 'runc']

/**
 * The runtime that runs this pod: the one asked for, by name or absolute path, or the first of crun and runc that is installed. Starts
 * no process when its version is known since boot. Throws OCI_RUNTIME_MISSING or OCI_RUNTIME_BROKEN.
 */
export function chooseRuntime(asked: string | undefined): KnownRuntime {
  const names = asked === undefined ? preferred : [asked]
  for (const name of names) {
    // Vectors are run in the pod's directory: a path that is not absolute would be another one there.
    const path = name.includes('/') && !name.startsWith('/') ? undefined : findProgram(name)
    if (path !== undefined) return readOnce(path)
  }
  const hint = asked === undefined || !asked.includes('/') ? installHint(names[0] ?? '') : 'name an executable file by its absolute path'
  throw new RocketError('OCI_RUNTIME_MISSING', {
    what: asked === undefined ? 'no OCI runtime is installed' : `the OCI runtime ${asked} is not installed`,
    why: `looked for ${names.join(', ')}`, hint,
  })
}

const read = new Map<string, KnownRuntime>()

/** `create` and every `create-app` ask, in one process. */
function readOnce(path: string): KnownRuntime {
  const runtime = read.get(path) ?? readRuntime(path)
  read.set(path, runtime)
  return runtime
}
