import { existsSync, readFileSync } from 'node:fs'
import { type MountEntry, parseMountInfo } from './mount-table.ts'
import { native } from './native.ts'

export interface Cgroups {
  /** `hybrid`: controllers in v1 hierarchies, and a v2 one beside them. */
  version: 'v1' | 'v2' | 'hybrid' | 'none'
  /** Where the v2 hierarchy is mounted. */
  unified: string | undefined
  /** Controllers that the v2 hierarchy has. */
  unifiedControllers: string[]
  /** v1 controllers (`cpu`, `memory`, `name=systemd`, …) and where they are mounted. */
  controllers: Record<string, string>
}

/** Looked up anew each time, in this thread's mount namespace: 0.1 ms. */
export function detectCgroups(all: readonly MountEntry[] = readCgroupMounts()): Cgroups {
  const mounts = withoutCovered(all)
  const unified = mounts.find((mount) => mount.type === 'cgroup2')?.mountPoint
  const controllers: Record<string, string> = {}
  for (const mount of mounts) {
    if (mount.type !== 'cgroup') continue
    for (const option of mount.superOptions) if (!notControllers.has(option)) controllers[option] = mount.mountPoint
  }
  const v1 = Object.keys(controllers).length > 0
  const version = unified === undefined ? (v1 ? 'v1' : 'none') : v1 ? 'hybrid' : 'v2'
  return { version, unified, unifiedControllers: unified === undefined ? [] : readWords(`${unified}/cgroup.controllers`), controllers }
}

/** Of the many lines of a mount table only those that may matter are taken apart: that is most of the time. */
function readCgroupMounts(): MountEntry[] {
  const lines = readFileSync('/proc/thread-self/mountinfo', 'utf8').split('\n')
  return parseMountInfo(lines.filter((line) => line.includes('cgroup')).join('\n'))
}

/** A hierarchy that another mount hides is not there for us, nor for those we start. */
function withoutCovered(mounts: readonly MountEntry[]): MountEntry[] {
  const topmost = new Map(mounts.map((mount) => [mount.mountPoint, mount]))
  return mounts.filter((mount) => topmost.get(mount.mountPoint) === mount)
}

/** The mount points of all hierarchies, the unified one first. */
export function hierarchies(cgroups: Cgroups = detectCgroups()): string[] {
  const all = Object.values(cgroups.controllers)
  return [...new Set(cgroups.unified === undefined ? all : [cgroups.unified, ...all])]
}

const prewarmWrites = 3
const prewarmPauseMs = 9

/**
 * Takes the wait of the next writer of a `cgroup.procs` (8 to 18 ms for an RCU grace period, here or in the runtime) beside other work: moves us to
 * where we are, in a thread of its own (11 ms become 0.2). Once a writer has waited, the next ones need not until a grace period has gone by
 * without any, so it is done again for as long as a start may take until the runtime writes. It never fails.
 */
export function prewarmCgroup(): void {
  try {
    const path = ownCgroup()
    if (path !== undefined) native().writeInBackground(`${path}/cgroup.procs`, Buffer.from('0'), prewarmWrites, prewarmPauseMs)
  } catch {
    // Only a wait is lost.
  }
}

/** A directory of a hierarchy that we are in, where hierarchies usually are: reading the mount table to be sure would cost what is to be saved. */
function ownCgroup(): string | undefined {
  for (const line of readFileSync('/proc/self/cgroup', 'latin1').split('\n')) {
    const [, controllers, path] = line.split(':')
    if (controllers === undefined || path === undefined || path.startsWith('/..')) continue
    const directory = `/sys/fs/cgroup/${controllers.replace('name=', '')}${path}`
    if (existsSync(`${directory}/cgroup.procs`)) return directory
  }
  return undefined
}

function readWords(path: string): string[] {
  try {
    return readFileSync(path, 'utf8').split(/\s+/).filter((word) => word !== '')
  } catch {
    return []
  }
}

/** Of a v1 hierarchy's options, those that name no controller. */
const notControllers = new Set(['rw', 'ro', 'xattr', 'clone_children', 'noprefix', 'cpuset_v2_mode', 'favordynmods', 'nofavordynmods', 'none'])
