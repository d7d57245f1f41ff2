import { RocketError, type ImageRecord } from '@rocket/contracts'
import { blobName, openContentDirectory, parseManifestOrIndex, type ImageSource } from '@rocket/image'
import { findImageRecord, loadIngest, lockPrepare, type Store } from '@rocket/store'
import { registryImageName } from './registry-image-name.ts'
import { verifyBytes } from '../oci/verify-bytes.ts'

/**
 * An OCI image of the store, in the bytes as they were fetched. Nothing is collected until it is closed. Throws IMAGE_NOT_FOUND;
 * IMAGE_UNSUPPORTED for an ACI, which has no manifest that a registry or a layout would take; PACK_FAILED for bytes that are not there.
 */
export async function openStoreSource(store: Store, imageId: string): Promise<ImageSource> {
  const { findBlob } = await loadIngest()
  const lock = lockPrepare(store, 'shared')
  const files = openContentDirectory(store.directory)
  try {
    const record = readOciRecord(store, imageId)
    const readDocument = (descriptor: { digest: string; size?: number }): Buffer => {
      const bytes = findBlob(store, descriptor.digest)
      if (bytes === undefined) throw lacks(imageId, descriptor.digest)
      verifyBytes(bytes, descriptor, 'the document')
      return bytes
    }
    const manifest = readDocument({ digest: record.sha256 })
    return {
      name: imageId,
      tag: record.manifest.labels.find(({ name }) => name === 'version')?.value,
      imageName: cameFrom(record),
      root: { mediaType: parseManifestOrIndex(manifest).mediaType, digest: record.sha256, size: manifest.length },
      readDocument,
      openBlob: ({ digest }, signal) => {
        const name = blobName(digest)
        if (files.sizeOf(name) === undefined) throw lacks(imageId, digest)
        return files.open(name, signal)
      },
      findReferrers: () => [],
      close: () => lock.release(),
    }
  } catch (error) {
    lock.release()
    throw error
  }
}

function readOciRecord(store: Store, imageId: string): ImageRecord & { sha256: string } {
  const record = findImageRecord(store, imageId)
  if (record === undefined) throw new RocketError('IMAGE_NOT_FOUND', { what: `the image ${imageId} is not in the store` })
  const { sha256 } = record
  if (sha256 !== undefined) return { ...record, sha256 }
  throw new RocketError('IMAGE_UNSUPPORTED', {
    what: `the image ${imageId} was not copied`, why: 'it is an ACI, and stays one: it has no manifest that a registry, a layout or an archive takes',
    hint: '`rkt image export` writes it as it is',
  })
}

/** What it was called in the registry that it was fetched from. */
function cameFrom({ manifest }: ImageRecord): string | undefined {
  const said = (key: string): string | undefined => manifest.annotations.find(({ name }) => name === `appc.io/docker/${key}`)?.value
  const [registry, repository, tag = ''] = [said('registryurl'), said('repository'), said('tag')]
  return registry === undefined || repository === undefined ? undefined : registryImageName({ registry, repository, tag, digest: undefined })
}

/** A layer is unpacked once, and kept in the compression that it came with first. */
function lacks(imageId: string, digest: string): RocketError {
  return new RocketError('PACK_FAILED', {
    what: `the image ${imageId} was not copied`, why: `the store does not keep the bytes of ${digest}: an image with the same layer, compressed otherwise, was there first`,
    hint: 'copy it from where it came from',
  })
}
