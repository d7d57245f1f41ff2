import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { isErrno, storeLayout, type ImageRecord } from '@rocket/contracts'
import { listPins, listRefs, type Store } from '@rocket/store'
import { labelOf, nameWithVersion } from './image-labels.ts'
import { toImageManifest } from './image-manifest.ts'

/** All that the store knows of an image, as `image inspect` prints it. Times are ISO, sizes bytes, layers bottom first. */
export interface ImageDescription {
  id: string
  format: ImageRecord['format']
  sha512: string
  /** Of an OCI image: the digest registries know it by. */
  sha256?: string
  names: string[]
  /** What it was fetched by. */
  references: string[]
  importedAt?: string
  lastUsedAt?: string
  platform: { os: string; arch: string }
  /** As served, and unpacked. */
  sizeBytes: number
  unpackedBytes: number
  layers: ImageRecord['layers']
  rootfs: ImageRecord['rootfs']
  /** appc's image manifest. */
  manifest: object
  /** Every verification, or decision to go without, in order. */
  evidence: Record<string, unknown>[]
  /** UUIDs of the pods that keep its bytes. */
  pods: string[]
}

export function describeImage(store: Store, record: ImageRecord): ImageDescription {
  const refs = listRefs(store).filter(({ ref }) => ref.imageId === record.imageId).map(({ ref }) => ref)
  const importedAt = refs.map((ref) => ref.importedAt).sort()[0]
  const lastUsedAt = refs.map((ref) => ref.lastUsedAt).sort().at(-1)
  const { labels } = record.manifest
  return {
    id: record.imageId, format: record.format, sha512: record.sha512,
    ...(record.sha256 === undefined ? {} : { sha256: record.sha256 }),
    names: [...new Set(refs.map(nameWithVersion))].sort(), references: [...new Set(refs.map(({ reference }) => reference))].sort(),
    ...(importedAt === undefined ? {} : { importedAt }), ...(lastUsedAt === undefined ? {} : { lastUsedAt }),
    platform: { os: labelOf(labels, 'os') ?? '', arch: labelOf(labels, 'arch') ?? '' },
    sizeBytes: record.sizeBytes, unpackedBytes: record.unpackedBytes, layers: record.layers, rootfs: record.rootfs,
    manifest: toImageManifest(record.manifest), evidence: readEvidence(store, record.imageId),
    pods: listPins(store, () => {}).filter(({ images }) => images.includes(record.imageId)).map(({ uuid }) => uuid).sort(),
  }
}

/** As it was written, whatever release wrote it; a file that is damaged is for `store check` to tell. */
function readEvidence(store: Store, imageId: string): Record<string, unknown>[] {
  const directory = join(store.directory, storeLayout.evidence(imageId))
  let names: string[]
  try {
    names = readdirSync(directory).filter((name) => /^\d+\.json$/.test(name))
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return []
    throw error
  }
  return names.toSorted((one, other) => parseInt(one, 10) - parseInt(other, 10)).flatMap((name) => {
    try {
      return [JSON.parse(readFileSync(join(directory, name), 'utf8')) as Record<string, unknown>]
    } catch (error) {
      if (error instanceof SyntaxError) return []
      throw error
    }
  })
}
