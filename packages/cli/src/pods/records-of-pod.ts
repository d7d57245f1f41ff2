import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { isErrno, parseDocument, podLayout, type ImageRecord } from '@rocket/contracts'
import { locatePod } from './locate.ts'

/** The records of the images that a pod was prepared with, from its own copies; undefined when there is no such pod. */
export function recordsOfPod(dataDirectory: string, uuid: string): ImageRecord[] | undefined {
  const pod = locatePod(dataDirectory, uuid)
  if (pod === undefined) return undefined
  return appsIn(pod.directory).flatMap((app) => {
    const path = join(pod.directory, podLayout.appDocument(app, 'image'))
    try {
      return [parseDocument('ImageRecord', readFileSync(path, 'utf8'), path)]
    } catch (error) {
      if (isErrno(error, 'ENOENT')) return []
      throw error
    }
  })
}

function appsIn(directory: string): string[] {
  try {
    return readdirSync(join(directory, podLayout.apps))
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return []
    throw error
  }
}
