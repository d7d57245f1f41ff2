import { writeFileSync } from 'node:fs'
import { HandoffFiles } from '@rocket/host'
import type { DocumentTypes, Request } from '@rocket/contracts'
import { createPod, movePod, releasePod, type OwnedPod } from './pod-directory.ts'
import { builtin, programDigest, programOf, type Replacements } from './programs.ts'
import { digestsOf, RoadLog } from './road-log.ts'
import { runVerb, type Road } from './run-verb.ts'

export interface Surroundings {
  dataDirectory: string
  storeDirectory: string
  replacements: Replacements
  environment: Readonly<Record<string, string>>
  debug: boolean
  emit?: Road['emit']
}

export interface PreparedPod {
  pod: OwnedPod
  road: Road
}

/**
 * request → fetch → stage0 prepare. The pod is left in `prepare/`, locked. After a failure it stays there unlocked, as rkt leaves an
 * aborted preparation, for `rkt gc`. `uuidFile` is written as soon as the pod's directory is there.
 */
export async function preparePod(request: Request, around: Surroundings, uuidFile?: string): Promise<PreparedPod> {
  const pod = createPod(around.dataDirectory, request.uuid)
  try {
    if (uuidFile !== undefined) writeFileSync(uuidFile, request.uuid, { mode: 0o644 })
    const road = openRoad(pod, around)
    logRequest(road, request, 'Request')
    await runVerb(road, { stage: 'fetch', verb: 'fetch', program: programOf('fetch', around.replacements, undefined) })
    await runVerb(road, { stage: 'stage0', verb: 'prepare', program: programOf('stage0', around.replacements, undefined) })
    return { pod, road }
  } catch (error) {
    releasePod(pod)
    throw error
  }
}

/** Ready to be run later: synced, moved, and let go. */
export function storePrepared({ pod }: PreparedPod, dataDirectory: string): void {
  releasePod(movePod(pod, dataDirectory, 'prepared'))
}

export function openRoad(pod: OwnedPod, around: Surroundings): Road {
  return {
    uuid: pod.uuid, podDirectory: pod.directory, storeDirectory: around.storeDirectory, lockFd: pod.lockFd, log: RoadLog.open(pod.directory),
    debug: around.debug, environment: around.environment, ...(around.emit === undefined ? {} : { emit: around.emit }),
  }
}

/** The command line's own hand-off, logged like that of a stage. */
export function logRequest<K extends 'Request' | 'RunRequest'>(road: Road, document: DocumentTypes[K], kind: K): void {
  const startedAt = new Date().toISOString()
  const files = new HandoffFiles(road.podDirectory, { sync: kind === 'Request' })
  files.write(kind, document)
  road.log.append({
    version: 1, uuid: road.uuid, stage: 'cli', verb: kind === 'Request' ? 'request' : 'run-request', program: 'builtin',
    programSha256: programDigest(builtin('stage0')), read: [], wrote: digestsOf(files.digestsWritten), exitCode: 0, startedAt,
    endedAt: new Date().toISOString(),
  })
}
