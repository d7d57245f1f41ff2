import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { storeLayout, type Images, type Request } from '@rocket/contracts'
import { HandoffFiles, lockDirectory } from '@rocket/host'
import { fetchWithProgress, logRequest, openRoad, type Surroundings } from './prepare-pod.ts'

/**
 * Fetches the images of a request that belongs to no pod: the stage gets a scratch directory in place of a pod, which is gone afterwards,
 * and with it the pin that kept the images while they were fetched.
 */
export async function fetchImages(request: Request, around: Surroundings): Promise<Images> {
  const parent = join(around.dataDirectory, 'tmp')
  mkdirSync(parent, { recursive: true, mode: 0o750 })
  const directory = mkdtempSync(join(parent, 'fetch-'))
  const lockFd = lockDirectory(directory, { kind: 'exclusive' })
  try {
    const road = openRoad({ uuid: request.uuid, place: 'embryo', directory, lockFd }, around)
    logRequest(road, request, 'Request')
    await fetchWithProgress(road, around)
    return new HandoffFiles(directory, { expected: road.log.expected() }).read('Images')
  } finally {
    rmSync(directory, { recursive: true, force: true })
    rmSync(join(around.storeDirectory, storeLayout.podRef(request.uuid)), { force: true })
  }
}
