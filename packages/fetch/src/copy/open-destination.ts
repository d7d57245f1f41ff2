import { RocketError } from '@rocket/contracts'
import {
  openArchiveDestination, openDirectoryDestination, openDockerArchiveDestination, openLayoutDestination, type ImageDestination,
} from '@rocket/image'
import type { Reference } from '../classify-reference.ts'

export interface DestinationOptions {
  /** What the image is called when the destination's name does not say it. */
  tag: string | undefined
  /** What it is called elsewhere. */
  imageName: string | undefined
  overwrite: boolean
}

/** A layout, an archive or a directory to write. Throws USAGE for what cannot be written to. */
export function openLocalDestination(to: Extract<Reference, { kind: 'oci-layout' | 'archive' }>, { tag, imageName, overwrite }: DestinationOptions): ImageDestination {
  if (to.kind === 'oci-layout') {
    if (to.digest !== undefined) throw digestGiven()
    return openLayoutDestination(to.directory, { tag: to.tag ?? tag, imageName })
  }
  const { transport, path, image } = to.archive
  switch (transport) {
    case 'dir': return openDirectoryDestination(path)
    case 'oci-archive':
      if (image?.includes(':') === true) throw digestGiven()
      return openArchiveDestination(path, { tag: image ?? tag, imageName, overwrite })
    case 'docker-archive':
      return openDockerArchiveDestination(path, { names: dockerNames(image ?? imageName), overwrite })
  }
}

/** A layout may lack what an index lists; elsewhere an index without its images is none. */
export function keepsIndex(to: Reference): boolean {
  return to.kind === 'oci-layout' || (to.kind === 'archive' && to.archive.transport === 'oci-archive')
}

/** A name without a tag has the one that docker gives it; one with a digest is none that docker keeps. */
function dockerNames(name: string | undefined): string[] {
  if (name === undefined || name.includes('@')) return []
  return [/:[^/]*$/.test(name) ? name : `${name}:latest`]
}

function digestGiven(): RocketError {
  return new RocketError('USAGE', { what: 'a destination is named by a tag', why: 'its digest follows from what is copied there' })
}
