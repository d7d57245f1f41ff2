import { lstatSync, readdirSync, realpathSync, rmSync, rmdirSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { isErrno, outsideNames, RocketError, storeLayout } from '@rocket/contracts'
import {
  defineVerb, describing, findCgroups, isThere, killCgroup, mountsBelow, removeCgroup, waitCgroupEmpty, type StageContext, type Verb,
} from '@rocket/host'
import { emptyDirectory } from './gc/remove-tree.ts'

/** What `gc` will remove; everything follows from the UUID, and what is gone already is left out. */
export interface GcPlan {
  uuid: string
  /** Names below the hierarchies. */
  cgroups: string[]
  /** Absent when the pod's directory is gone: then only what lies outside it is removed. */
  podDirectory?: string
  runDirectory?: string
  podRef: string
}

/**
 * Removes a pod that lies in one of the two garbage places and is locked by the caller: what still runs in its cgroups, its run directory,
 * its content, then what says which images it used, then the directory. Can be repeated after any interruption. Throws POD_WRONG_STATE,
 * GC_MOUNT_IN_POD, GC_INCOMPLETE.
 */
export const gc: Verb<GcPlan> = defineVerb({ plan: planGc, apply: applyGc })

/** Killed processes are gone within this time, or hang in the kernel. */
const killTimeoutMs = 5000

function planGc({ uuid, podDirectory, storeDirectory }: StageContext): GcPlan {
  const runDirectory = outsideNames.runDirectory(uuid)
  const exists = isThere(podDirectory)
  if (exists) checkPlace(podDirectory, uuid)
  for (const directory of [podDirectory, runDirectory]) checkNoMounts(directory)
  return {
    uuid, cgroups: cgroupsOf(uuid), podRef: join(storeDirectory, storeLayout.podRef(uuid)),
    ...(exists ? { podDirectory } : {}),
    ...(isThere(runDirectory) ? { runDirectory } : {}),
  }
}

function applyGc(plan: GcPlan): void {
  describing(`cannot collect pod ${plan.uuid}`, () => {
    for (const name of plan.cgroups) endCgroup(name)
    if (plan.runDirectory !== undefined) {
      emptyDirectory(plan.runDirectory)
      removeEmptied(plan.runDirectory)
    }
    // Documents stay until the rest is gone, `pod` longest: an attempt that failed can be told and repeated.
    if (plan.podDirectory !== undefined) {
      emptyDirectory(plan.podDirectory, [...documentsIn(plan.podDirectory), 'apps', 'appsinfo', 'pod'])
      emptyDirectory(plan.podDirectory, ['pod'])
      emptyDirectory(plan.podDirectory)
    }
    rmSync(plan.podRef, { force: true })
    if (plan.podDirectory !== undefined) removeEmptied(plan.podDirectory)
  })
}

function checkPlace(podDirectory: string, uuid: string): void {
  if (!lstatSync(podDirectory).isDirectory() || basename(podDirectory) !== uuid) {
    throw new RocketError('POD_WRONG_STATE', { what: `${podDirectory} is not removed`, why: `it is not the directory of pod ${uuid}` })
  }
  const place = basename(dirname(podDirectory))
  if (place === 'garbage' || place === 'exited-garbage') return
  throw new RocketError('POD_WRONG_STATE', {
    what: `${podDirectory} is not removed`, why: `it lies in ${place}, not in garbage or exited-garbage`,
    hint: 'use rkt gc, or rkt rm UUID',
  })
}

/** Pods mount in a namespace of their own, so a mount here is somebody else's, or a network that was not taken down. */
function checkNoMounts(directory: string): void {
  if (!isThere(directory)) return
  const mounts = mountsBelow(realpathSync(directory))
  if (mounts.length === 0) return
  throw new RocketError('GC_MOUNT_IN_POD', {
    what: `${directory} is not removed: something is mounted in it`, why: mounts.join(', '),
    hint: 'see findmnt; unmount it and collect again',
  })
}

function cgroupsOf(uuid: string): string[] {
  const prefix = outsideNames.cgroupPrefix(uuid)
  const names = findCgroups(prefix).map((path) => basename(path)).filter((name) => name === prefix || name.startsWith(`${prefix}-`))
  return [...new Set(names)].sort()
}

function endCgroup(name: string): void {
  killCgroup(name)
  if (!waitCgroupEmpty(name, killTimeoutMs)) {
    throw new RocketError('GC_INCOMPLETE', {
      what: `the cgroup ${name} is not empty`, why: 'a killed process is still there', hint: 'it hangs in the kernel; collect again later',
    })
  }
  removeCgroup(name)
}

function documentsIn(directory: string): string[] {
  return readdirSync(directory).filter((name) => /\.jsonl?$/.test(name))
}

function removeEmptied(directory: string): void {
  try {
    rmdirSync(directory)
  } catch (error) {
    if (!isErrno(error, 'ENOENT')) throw error
  }
}
