import { lstatSync, mkdirSync, readdirSync, rmSync } from 'node:fs'
import { isErrno } from '@rocket/contracts'
import { digestOf, writeFileAtomic } from '@rocket/host'
import type { RuntimeSeccomp } from '../bundle/runtime-config.ts'
import type { KnownRuntime } from '../runtime/known-runtimes.ts'
import { readOwnFile } from '../runtime/own-file.ts'

export const cacheDirectory: string = '/run/rkt/seccomp'

/** The annotation by which crun takes a compiled filter (crun(1)); runc has no such door. */
export const compiledFilterAnnotation = 'run.oci.seccomp_bpf_data'

export interface FilterLookup {
  key: string
  /** The compiled filter, in base64. */
  filter: string | undefined
}

/**
 * Compiling the default list costs crun 20 ms, so a filter that crun has compiled once is given to it again. The key names everything it
 * depends on. This is security state: of files that are not ours alone nothing is taken. Undefined when the runtime cannot use it.
 */
export function findFilter(
  seccomp: RuntimeSeccomp | undefined, runtime: KnownRuntime, directory: string = cacheDirectory
): FilterLookup | undefined {
  if (seccomp === undefined || runtime.name !== 'crun') return undefined
  const key = digestOf('sha256', JSON.stringify([seccomp, runtime.path, runtime.version, runtime.file, runtime.libseccomp, process.arch]))
  if (!isOwnDirectory(directory)) return { key, filter: undefined }
  const kept = readOwnFile(`${directory}/${key}.bpf`)
  if (kept !== undefined && isFilter(kept)) return { key, filter: kept.toString('base64') }
  return { key, filter: harvest(key, directory)?.toString('base64') }
}

/**
 * Remembers that a container is about to be made whose state will hold the filter: the next lookup takes it from there. Only crun knows
 * when the filter is written, so nobody waits for it.
 */
export function expectFilter(key: string, containerState: string, directory: string = cacheDirectory): void {
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  writeFileAtomic(`${directory}/${key}.from`, containerState, { mode: 0o600 })
}

function harvest(key: string, directory: string): Buffer | undefined {
  const from = readOwnFile(`${directory}/${key}.from`)?.toString('utf8')
  if (from === undefined) return undefined
  // The state's `status` is written after the filter: with it there, the filter is whole.
  const filter = readOwnFile(`${from}/status`) === undefined ? undefined : readOwnFile(`${from}/seccomp.bpf`)
  if (filter === undefined || !isFilter(filter)) return undefined
  writeFileAtomic(`${directory}/${key}.bpf`, filter, { mode: 0o600 })
  rmSync(`${directory}/${key}.from`, { force: true })
  return filter
}

/** Before the state of a container goes: its filter, if it is expected from there. */
export function keepFilterOf(containerState: string, directory: string = cacheDirectory): void {
  for (const key of expectedKeys(directory)) {
    if (readOwnFile(`${directory}/${key}.from`)?.toString('utf8') === containerState) harvest(key, directory)
  }
}

function expectedKeys(directory: string): string[] {
  try {
    return readdirSync(directory).filter((name) => name.endsWith('.from')).map((name) => name.slice(0, -'.from'.length))
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return []
    throw error
  }
}

/** In a directory that others can write, a file of ours may have been given another name. */
function isOwnDirectory(directory: string): boolean {
  try {
    const stats = lstatSync(directory)
    return stats.isDirectory() && stats.uid === process.geteuid?.() && (stats.mode & 0o022) === 0
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'EACCES')) return false
    throw error
  }
}

/** Whole instructions of classic BPF, at most what the kernel takes. */
function isFilter(bytes: Buffer): boolean {
  return bytes.length > 0 && bytes.length % 8 === 0 && bytes.length <= 4096 * 8
}
