import { readdirSync, rmSync } from 'node:fs'
import { isErrno, outsideNames, podLayout } from '@rocket/contracts'
import {
  cgroupDirectories, defineVerb, endCgroups, findCgroups, findProgram, removeRunDirectory, runProgram, type StageContext, unmountAppRoot, type Verb,
} from '@rocket/host'
import { keepFilterOf } from './seccomp/filter-cache.ts'

export interface DestroyPlan {
  /** Directories. */
  cgroups: string[]
  /** What runtimes keep of containers: `path` is the directory of one. */
  states: { runtime: string; container: string; path: string }[]
  /** Mounted in the pod's mount namespace, which lives on. */
  roots: string[]
  /** All of the pod. */
  whole: boolean
  /** Of the runtimes, removed as a whole. */
  directories: string[]
}

/** Undoes `create-app`: nothing of the app lives, and nothing of it is left outside the pod directory. From the UUID and the name alone. */
export const destroyApp: Verb<DestroyPlan> = defineVerb({
  plan: ({ uuid, app, podDirectory }) => {
    if (app === undefined) throw new Error('RKT_APP does not name the app')
    return {
      cgroups: cgroupDirectories(outsideNames.cgroup(uuid, app)), whole: false, directories: [],
      states: findStates(uuid).filter((state) => state.container === outsideNames.container(uuid, app)),
      roots: [`${podDirectory}/${podLayout.rootfs(app)}`],
    }
  },
  apply: applyDestroy,
})

/** Undoes `create` and every `create-app`. From the UUID alone; the mounts of the pod go with its mount namespace. */
export const destroy: Verb<DestroyPlan> = defineVerb({
  plan: ({ uuid }) => ({
    cgroups: findCgroups(`${outsideNames.cgroupPrefix(uuid)}-`), states: findStates(uuid), roots: [], whole: true, directories: findRuntimeDirectories(uuid),
  }),
  apply: applyDestroy,
})

function applyDestroy(plan: DestroyPlan, { uuid, warn }: StageContext): void {
  endCgroups(plan.cgroups)
  for (const state of plan.states) forget(state, warn)
  for (
    const directory of plan.whole ? plan.directories : plan.states.map((state) => state.path)
  ) rmSync(directory, { recursive: true, force: true })
  for (const root of plan.roots) unmountAppRoot(root)
  if (plan.whole) removeRunDirectory(uuid)
}

/**
 * With its processes dead, all that crun, runc and youki have of a container is this directory; their `delete` would do no more, in a
 * process of its own. A runtime that keeps more (gVisor has processes outside the cgroup) is asked first.
 */
function forget({ runtime, container, path }: DestroyPlan['states'][number], warn: (message: string) => void): void {
  if (runtime === 'crun') keepFilterOf(path)
  const program = plain.has(runtime) ? undefined : findProgram(runtime)
  if (program !== undefined) {
    const { exitCode, stderr } = runProgram(program, [`--root=${path.slice(0, -container.length - 1)}`, 'delete', '--force', container])
    if (exitCode !== 0) warn(`${runtime} delete ${container}: ${stderr.toString('utf8').trim()}`)
  }
}

const plain: ReadonlySet<string> = new Set(['crun', 'runc', 'youki'])

/** What lies below /run/rkt/<uuid>/<runtime>/. */
function findStates(uuid: string): DestroyPlan['states'] {
  const directory = outsideNames.runDirectory(uuid)
  return list(directory).flatMap((runtime) => list(`${directory}/${runtime}`)
    .filter((container) => container.startsWith(outsideNames.cgroupPrefix(uuid)))
    .map((container) => ({ runtime, container, path: `${directory}/${runtime}/${container}` })))
}

/** Those of runtimes we know, and others in which something of the pod lies. The rest of /run/rkt/<uuid> belongs to other stages. */
function findRuntimeDirectories(uuid: string): string[] {
  const directory = outsideNames.runDirectory(uuid)
  const ours = new Set([...plain, 'runsc', ...findStates(uuid).map((state) => state.runtime)])
  return list(directory).filter((name) => ours.has(name)).map((name) => `${directory}/${name}`)
}

function list(directory: string): string[] {
  try {
    return readdirSync(directory)
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR')) return []
    throw error
  }
}
