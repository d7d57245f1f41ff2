import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs'
import { isErrno } from '@rocket/contracts'
import { type Cgroups, detectCgroups, hierarchies } from './cgroup.ts'
import { native } from './native.ts'
import { syscallError } from './errors.ts'

/**
 * The directories of a cgroup, in every hierarchy that has it. `name` is relative to the hierarchies' mount points: `rkt-<uuid>`, or deeper. One that
 * could climb out is a bug of the caller.
 */
export function cgroupDirectories(name: string, cgroups?: Cgroups): string[] {
  return hierarchies(cgroups).map((mount) => `${mount}/${checked(name)}`).filter((path) => existsSync(path))
}

/**
 * Makes a cgroup for keeping processes together: in the v2 hierarchy where there is one, otherwise in a v1 hierarchy (that of systemd or of pids,
 * or the first); and in those of the v1 controllers named. Repeatable.
 */
export function makeCgroup(name: string, controllers: readonly string[] = []): string[] {
  const cgroups = detectCgroups()
  const v1 = cgroups.controllers
  const tracking = cgroups.unified ?? v1['name=systemd'] ?? v1['pids'] ?? Object.values(v1)[0]
  const mounts = [tracking, ...controllers.map((controller) => v1[controller])].filter((mount) => mount !== undefined)
  const directories = [...new Set(mounts)].map((mount) => `${mount}/${checked(name)}`)
  for (const directory of directories) mkdirSync(directory, { recursive: true })
  return directories
}

/** Moves a process (0: ourselves) into the directories of `makeCgroup`. */
export function enterCgroup(directories: readonly string[], pid: number): void {
  for (const directory of directories) writeFileSync(`${directory}/cgroup.procs`, String(pid))
}

/** Everybody in the cgroup and below it, of all hierarchies; empty when it does not exist. */
export function cgroupProcs(name: string, cgroups?: Cgroups): number[] {
  const pids = new Set<number>()
  for (const directory of cgroupDirectories(name, cgroups)) {
    for (const below of withDescendants(directory)) for (const pid of readPids(below)) pids.add(pid)
  }
  // 0 is a process of a pid namespace that we cannot see.
  pids.delete(0)
  return [...pids]
}

/** KILL to everybody in it and below it, also to those born meanwhile. Repeatable; does not wait. */
export function killCgroup(name: string, cgroups: Cgroups = detectCgroups()): void {
  for (const directory of cgroupDirectories(name, cgroups)) {
    if (killAtOnce(directory)) continue
    // A process that forks while it is being killed leaves a child that the next round finds.
    for (let round = 0; round < 20; round++) {
      const pids = withDescendants(directory).flatMap(readPids).filter((pid) => pid > 0 && pid !== process.pid)
      if (pids.length === 0) break
      pids.forEach(killOne)
    }
  }
}

/** True when nobody is left before the time is over. */
export function waitCgroupEmpty(name: string, timeoutMs: number, cgroups: Cgroups = detectCgroups()): boolean {
  const deadline = performance.now() + timeoutMs
  for (let pauseMs = 1; ; pauseMs = Math.min(pauseMs * 2, 20)) {
    if (cgroupProcs(name, cgroups).length === 0) return true
    if (performance.now() >= deadline) return false
    sleep(pauseMs)
  }
}

/** Removes the cgroup and those below it from every hierarchy. Repeatable. Throws SYSCALL_FAILED when somebody is still in it. */
export function removeCgroup(name: string, timeoutMs = 200, cgroups?: Cgroups): void {
  for (const directory of cgroupDirectories(name, cgroups)) {
    for (const below of withDescendants(directory).toReversed()) removeOne(below, performance.now() + timeoutMs)
  }
}

/** The last process may be dead and not yet gone: EBUSY for a moment. */
function removeOne(directory: string, deadline: number): void {
  for (;;) {
    try {
      return rmdirSync(directory)
    } catch (error) {
      if (isErrno(error, 'ENOENT')) return
      if (!isErrno(error, 'EBUSY') || performance.now() >= deadline) throw syscallError(error, `cannot remove the cgroup ${directory}`)
      sleep(2)
    }
  }
}

/** v2 since Linux 5.14. */
function killAtOnce(directory: string): boolean {
  if (!existsSync(`${directory}/cgroup.kill`)) return false
  try {
    writeFileSync(`${directory}/cgroup.kill`, '1')
    return true
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENODEV')) return true
    throw error
  }
}

function killOne(pid: number): void {
  try {
    native().kill(pid, 9)
  } catch (error) {
    if (!isErrno(error, 'ESRCH')) throw error
  }
}

/** Parents first. */
function withDescendants(directory: string): string[] {
  let names: string[]
  try {
    names = readdirSync(directory, { withFileTypes: true }).filter((entry) => entry.isDirectory()).map((entry) => entry.name)
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENODEV')) return []
    throw error
  }
  return [directory, ...names.flatMap((name) => withDescendants(`${directory}/${name}`))]
}

function readPids(directory: string): number[] {
  try {
    return readFileSync(`${directory}/cgroup.procs`, 'latin1').split('\n').filter((line) => line !== '').map(Number)
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENODEV')) return []
    throw error
  }
}

function checked(name: string): string {
  if (name === '' || name.split('/').some((part) => part === '' || part === '.' || part === '..')) throw new Error(`bad cgroup name ${name}`)
  return name
}

function sleep(milliseconds: number): void {
  native().poll([], [], milliseconds)
}
