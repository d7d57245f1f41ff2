import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { ImageRecord } from '@rocket/contracts'
import { composeRootfs, type RenderableImage, renderImages, renderKey, type TreeReport, unpackAci, unpackLayer, unpackLayerOn, writeTopTree } from '@rocket/image'
import { findImageRecord } from '../find-image.ts'
import { blobFile } from '../image-parts.ts'
import { nothing, withoutRepeated } from '../ingest/compose-stored.ts'
import { reportOf } from '../ingest/ingest-layer.ts'
import { findTreeRecord, treeName, type TreeRecord } from '../ingest/layer-record.ts'
import type { Store } from '../open-store.ts'
import { shortName } from '../store-names.ts'

/** How a tree is made again: `make` fills a directory that does not exist yet. */
export interface ExpectedTree {
  name: string
  key: string
  diffId?: string
  blob?: string
  make(directory: string): Promise<TreeReport>
}

/**
 * How the trees of an image's layers are made from their bytes, the way fetching made them. Of a layer whose bytes are gone nothing is
 * known.
 */
export function expectedLayers(store: Store, record: ImageRecord): ExpectedTree[] {
  return record.layers.flatMap((layer) => {
    const name = layer.tree === undefined ? undefined : treeName(layer.tree)
    const blob = [name === undefined ? undefined : readableRecord(store, name)?.blob, layer.digest]
      .find((digest) => digest !== undefined && existsSync(join(store.directory, blobFile(digest))))
    if (name === undefined || blob === undefined) return []
    const { diffId } = layer
    const path = join(store.directory, blobFile(blob))
    if (record.format === 'oci') {
      return [{ name, key: diffId, diffId, blob, make: async (directory) => reportOf(await unpackLayer(path, directory, { diffId, hasLower: true })) }]
    }
    const key = `aci ${diffId.slice('sha512:'.length)}`
    return shortName(key) !== name ? [] : [{ name, key, blob, make: async (directory) => reportOf((await unpackAci(path, directory)).rootfs) }]
  })
}

/** The one tree of an ACI with dependencies or a whitelist; undefined when what it was rendered from is not all there. */
export function expectedRendered(store: Store, record: ImageRecord): ExpectedTree | undefined {
  const [path] = record.rootfs
  if (record.format !== 'aci' || path === undefined || record.layers.some((layer) => layer.tree !== undefined)) return undefined
  const images = [record, ...(record.dependencies ?? []).flatMap((imageId) => findImageRecord(store, imageId) ?? [])]
  const image = toRenderable(store, record, images, [])
  const name = treeName(path)
  if (image === undefined || shortName(renderKey(image)) !== name) return undefined
  return { name, key: renderKey(image), make: (directory) => renderImages(image, directory) }
}

/** With every dependency found among `images`, by its ID or by its name and labels. */
function toRenderable(
  store: Store, record: ImageRecord, images: readonly ImageRecord[], above: readonly ImageRecord[],
): RenderableImage | undefined {
  const path = join(store.directory, blobFile(record.layers[0]?.digest ?? 'sha256:'))
  if (above.includes(record) || !existsSync(path)) return undefined
  const dependencies = record.manifest.dependencies.map(({ imageName, imageId, labels }) => {
    const found = images.find(({ imageId: id, manifest }) => (imageId === undefined
      ? manifest.name === imageName && labels.every(({ name, value }) => manifest.labels.some((own) => own.name === name && own.value === value))
      : imageId.startsWith(id)))
    return found === undefined ? undefined : toRenderable(store, found, images, [...above, record])
  })
  if (dependencies.includes(undefined)) return undefined
  const { sha512, manifest: { pathWhitelist } } = record
  return { path, sha512, pathWhitelist, dependencies: dependencies.filter((image) => image !== undefined) }
}

/** A tree as it should be, wherever it lies. */
export interface SoundTree {
  directory: string
  report: TreeReport
}

/**
 * Trees that were made on top of others: handed over one by one with how to make them, on layers that are as they should be: `soundLayer`
 * says where. Nothing is done while one of these is not to be had.
 */
export async function forComposedTrees(
  store: Store, record: ImageRecord, soundLayer: (name: string) => SoundTree | undefined, visit: (tree: ExpectedTree) => Promise<SoundTree>,
): Promise<void> {
  const layers = record.layers.flatMap(({ diffId, digest, tree }) => {
    const name = treeName(tree ?? '')
    const sound = soundLayer(name)
    const blob = readableRecord(store, name)?.blob ?? digest
    return sound === undefined ? [] : [{ diffId, blob, directory: sound.directory, facts: sound.report }]
  })
  if (record.format !== 'oci' || layers.length < record.layers.length) return
  await composeRootfs(layers, {
    unpackOn: async (index, lower, key) => {
      const { diffId, blob } = layers[index]!
      const make = async (directory: string): Promise<TreeReport> => reportOf(
        await unpackLayerOn(join(store.directory, blobFile(blob)), directory, withoutRepeated(lower), { diffId }),
      )
      const { directory, report } = await visit({ name: shortName(key), key, diffId, blob, make })
      return { directory, facts: report }
    },
    makeTop: async (top, key) => {
      const make = (directory: string): Promise<TreeReport> => {
        writeTopTree(directory, top)
        return Promise.resolve({ ...nothing, entries: top.length })
      }
      return (await visit({ name: shortName(key), key, make })).directory
    },
  })
}

export function readableRecord(store: Store, name: string): TreeRecord | undefined {
  try {
    return findTreeRecord(store, name)
  } catch {
    return undefined
  }
}
