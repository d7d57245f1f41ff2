import { isDeepStrictEqual } from 'node:util'
import { RocketError, type ImageRecord } from '@rocket/contracts'
import { flattenImages, imageIdFromSha512, renderImages, renderKey, type RenderableImage } from '@rocket/image'
import { findImageRecord } from '@rocket/store'
import type { Session } from '../session.ts'

/** An image of the store as rendering wants it. */
export function toRenderable(record: ImageRecord, dependencies: readonly RenderableImage[], { store, writer }: Session): RenderableImage {
  const path = writer.blobPath(store, record.layers[0]!.digest)
  return { path, sha512: record.sha512, pathWhitelist: record.manifest.pathWhitelist, dependencies }
}

/**
 * The image's one tree, made unless the store has it, and its record, written unless it is there just so. The tree is shared by all whose list
 * of archives is the same. Throws STORE_CORRUPT, and what `renderImages` throws.
 */
export async function renderImage(record: ImageRecord, image: RenderableImage, { store, writer, ingest, context }: Session): Promise<ImageRecord> {
  const steps = flattenImages(image)
  const onWait = (): void => context.debug('another rkt instance is rendering this image, waiting...')
  const tree = await writer.makeTree(ingest, { key: renderKey(image), fill: (directory) => fill(image, directory), onWait })
  const imageIds = steps.map((step) => imageIdFromSha512(step.image.sha512)).filter((id) => id !== record.imageId)
  const { report } = tree.record
  const rendered: ImageRecord = {
    ...record, rootfs: [writer.treePath(tree.name)], dependencies: [...new Set(imageIds)], unpackedBytes: report.unpackedBytes,
  }
  if (!isDeepStrictEqual(findImageRecord(store, record.imageId), rendered)) writer.writeImageRecord(store, rendered)
  return rendered
}

async function fill(image: RenderableImage, directory: string): ReturnType<typeof renderImages> {
  try {
    return await renderImages(image, directory)
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error
    throw new RocketError('STORE_CORRUPT', {
      what: 'the image was not rendered', why: 'the bytes of an image that it depends on are not in the store', cause: error,
      hint: 'fetch what it depends on again, with --pull-policy=update',
    })
  }
}
