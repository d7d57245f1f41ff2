import { readdirSync, rmdirSync } from 'node:fs'
import { basename } from 'node:path'
import { isErrno, RocketError } from '@rocket/contracts'
import { detectCgroups, hierarchies } from '../cgroup.ts'
import { syscallError } from '../errors.ts'
import { killCgroup, removeCgroup, waitCgroupEmpty } from '../cgroup-tree.ts'

const timeToDieMs = 10_000

/** The directories, in every hierarchy, of the cgroups at the top whose names begin with `prefix`. */
export function findCgroups(prefix: string): string[] {
  return hierarchies().flatMap((mount) => list(mount).filter((name) => name.startsWith(prefix)).map((name) => `${mount}/${name}`))
}

/**
 * Kills everybody in these cgroups, waits until they are gone, and removes them from every hierarchy. Repeatable. Throws CGROUP_BUSY. One
 * that is empty, as after an orderly end, costs a call for each directory: the kernel removes none in which somebody lives.
 */
export function endCgroups(directories: readonly string[]): void {
  const busyOnes = [...new Set(directories.filter((directory) => !removeEmpty(directory)).map((directory) => basename(directory)))]
  if (busyOnes.length === 0) return
  const cgroups = detectCgroups()
  for (const name of busyOnes) killCgroup(name, cgroups)
  for (const name of busyOnes) {
    if (!waitCgroupEmpty(name, timeToDieMs, cgroups)) throw busy(name)
    removeCgroup(name, undefined, cgroups)
  }
}

/** True when nothing is left of it. */
function removeEmpty(directory: string): boolean {
  try {
    rmdirSync(directory)
  } catch (error) {
    if (isErrno(error, 'EBUSY', 'ENOTEMPTY')) return false
    if (!isErrno(error, 'ENOENT')) throw syscallError(error, `cannot remove the cgroup ${directory}`)
  }
  return true
}

function list(directory: string): string[] {
  try {
    return readdirSync(directory)
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return []
    throw error
  }
}

function busy(name: string): RocketError {
  return new RocketError('CGROUP_BUSY', {
    what: `the processes in cgroup ${name} were killed and do not end`, why: `some are left after ${timeToDieMs / 1000} s`,
    hint: 'a process that waits for a device or a file server ends when that answers; run rkt gc again then',
  })
}
