import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { storeLayout, type Images, type Request } from '@rocket/contracts'
import { HandoffFiles, lockDirectory, probeLock } from '@rocket/host'
import { whileNobodyCollects, whileNobodyMakes } from './pod-directory.ts'
import { fetchWithProgress, logRequest, openRoad, type Surroundings } from './prepare-pod.ts'

const scratchPrefix = 'fetch-'

/** The data directory's `tmp`. */
function scratchParent(dataDirectory: string): string {
  return join(dataDirectory, 'tmp')
}

/**
 * Fetches the images of a request that belongs to no pod: the stage gets a scratch directory in place of a pod, which is gone afterwards,
 * and with it the pin that kept the images while they were fetched.
 */
export async function fetchImages(request: Request, around: Surroundings): Promise<Images> {
  const parent = scratchParent(around.dataDirectory)
  mkdirSync(parent, { recursive: true, mode: 0o750 })
  const { directory, lockFd } = whileNobodyCollects(parent, () => {
    const made = mkdtempSync(join(parent, scratchPrefix))
    return { directory: made, lockFd: lockDirectory(made, { kind: 'exclusive' }) }
  })
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

/** Removes the scratch directories of fetches that were killed. */
export async function collectScratch(dataDirectory: string): Promise<void> {
  const parent = scratchParent(dataDirectory)
  await whileNobodyMakes(parent, () => {
    for (const name of readdirSync(parent).filter((entry) => entry.startsWith(scratchPrefix))) {
      if (probeLock(join(parent, name)) === 'free') rmSync(join(parent, name), { recursive: true, force: true })
    }
  })
}
