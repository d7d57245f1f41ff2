import { writeFileSync } from 'node:fs'
import { HandoffFiles, type StageEvent } from '@rocket/host'
import type { DocumentTypes, Request } from '@rocket/contracts'
import { createPod, movePod, releasePod, type OwnedPod } from './pod-directory.ts'
import { builtin, programDigest, programOf, requirePrograms, type Replacements } from './programs.ts'
import { digestsOf, RoadLog } from './road-log.ts'
import { progressOf } from './progress.ts'
import { runVerb, type Road } from './run-verb.ts'

export interface Surroundings {
  dataDirectory: string
  storeDirectory: string
  replacements: Replacements
  environment: Readonly<Record<string, string>>
  debug: boolean
  /** Whether the pod must survive a crash of the machine: one that is only prepared must. */
  sync: boolean
}

export interface PreparedPod {
  pod: OwnedPod
  road: Road
  /** Whether layers were fetched and unpacked for it, in this process. */
  unpacked: boolean
}

/**
 * request → fetch → stage0 prepare. The pod is left in `prepare/`, locked. After a failure it stays there unlocked, as rkt leaves an
 * aborted preparation, for `rkt gc`. `uuidFile` is written when the images are there, as rkt does: until then the command may begin again, with another pod.
 */
export async function preparePod(request: Request, around: Surroundings, uuidFile?: string): Promise<PreparedPod> {
  requirePrograms(around.replacements)
  const pod = createPod(around.dataDirectory, request.uuid, around.sync)
  try {
    const road = openRoad(pod, around)
    logRequest(road, request, 'Request')
    const unpacked = await fetchWithProgress(road, around)
    if (uuidFile !== undefined) writeFileSync(uuidFile, request.uuid, { mode: 0o644 })
    await runVerb(road, { stage: 'stage0', verb: 'prepare', program: programOf('stage0', around.replacements, undefined) })
    return { pod, road, unpacked }
  } catch (error) {
    releasePod(pod)
    throw error
  }
}

/** The fetch stage, its progress drawn on a terminal. Returns whether it had anything to do. */
export async function fetchWithProgress(road: Road, around: Surroundings): Promise<boolean> {
  const progress = progressOf()
  let unpacked = false
  const emit = (event: StageEvent): void => {
    unpacked ||= event.kind !== 'message'
    progress.show(event)
  }
  try {
    await runVerb({ ...road, emit }, { stage: 'fetch', verb: 'fetch', program: programOf('fetch', around.replacements, undefined) })
    return unpacked
  } finally {
    progress.close()
  }
}

/** Ready to be run later: synced, moved, and let go. */
export function storePrepared({ pod }: PreparedPod, dataDirectory: string): void {
  releasePod(movePod(pod, dataDirectory, 'prepared', true))
}

export function openRoad(pod: OwnedPod, around: Surroundings): Road {
  return {
    uuid: pod.uuid, podDirectory: pod.directory, storeDirectory: around.storeDirectory, lockFd: pod.lockFd, debug: around.debug,
    sync: around.sync, environment: around.environment, log: RoadLog.open(pod.directory), known: new Map(),
  }
}

/** The command line's own hand-off, logged like that of a stage. */
export function logRequest<K extends 'Request' | 'RunRequest'>(road: Road, document: DocumentTypes[K], kind: K): void {
  const startedAt = new Date().toISOString()
  const files = new HandoffFiles(road.podDirectory, { sync: road.sync, known: road.known })
  files.write(kind, document)
  road.log.append({
    version: 1, uuid: road.uuid, stage: 'cli', verb: kind === 'Request' ? 'request' : 'run-request', program: 'builtin',
    programSha256: programDigest(builtin('stage0')), read: [], wrote: digestsOf(files.digestsWritten), exitCode: 0, startedAt,
    endedAt: new Date().toISOString(),
  })
}
