import {
  openContentArchive, openContentDirectory, openDockerArchive, openImageDirectory, openOciLayout, type ContentFiles, type ImageSource,
} from '@rocket/image'
import type { Reference } from '../classify-reference.ts'

export type LocalReference = Extract<Reference, { kind: 'oci-layout' | 'archive' }>

/**
 * The image of a layout, an archive or a plain directory, where it lies. A compressed archive is expanded in `scratch` first. To be closed.
 * Throws what opening throws.
 */
export async function openLocalSource(source: LocalReference, scratch: string): Promise<ImageSource> {
  if (source.kind === 'oci-layout') return openOciLayout(openContentDirectory(source.directory), source.digest ?? source.tag)
  const { transport, path, image } = source.archive
  if (transport === 'dir') return openImageDirectory(openContentDirectory(path))
  const files = await openContentArchive(path, scratch)
  return closingOnFailure(files, () => (transport === 'oci-archive' ? openOciLayout(files, image) : openDockerArchive(files, image)))
}

async function closingOnFailure(files: ContentFiles, open: () => ImageSource | Promise<ImageSource>): Promise<ImageSource> {
  try {
    return await open()
  } catch (error) {
    files.close()
    throw error
  }
}
