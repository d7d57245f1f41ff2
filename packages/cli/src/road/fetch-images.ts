import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { storeLayout, type Images, type Request } from '@rocket/contracts'
import { HandoffFiles, lockDirectory } from '@rocket/host'
import { openRoad, logRequest, type Surroundings } from './prepare-pod.ts'
import { programOf } from './programs.ts'
import { runVerb } from './run-verb.ts'
import { progressOf } from './progress.ts'

/**
 * Fetches the images of a request that belongs to no pod: the stage gets a scratch directory in place of a pod, which is gone afterwards,
 * and with it the pin that kept the images while they were fetched.
 */
export async function fetchImages(request: Request, around: Surroundings): Promise<Images> {
  const parent = join(around.dataDirectory, 'tmp')
  mkdirSync(parent, { recursive: true, mode: 0o750 })
  const directory = mkdtempSync(join(parent, 'fetch-'))
  const lockFd = lockDirectory(directory, { kind: 'exclusive' })
  const progress = progressOf()
  try {
    const road = openRoad({ uuid: request.uuid, place: 'embryo', directory, lockFd }, { ...around, emit: progress.show })
    logRequest(road, request, 'Request')
    await runVerb(road, { stage: 'fetch', verb: 'fetch', program: programOf('fetch', around.replacements, undefined) })
    return new HandoffFiles(directory, { expected: road.log.expected() }).read('Images')
  } finally {
    progress.close()
    rmSync(directory, { recursive: true, force: true })
    rmSync(join(around.storeDirectory, storeLayout.podRef(request.uuid)), { force: true })
  }
}
