import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { isErrno, isRocketError, RocketError, storeLayout, type ImageRecord } from '@rocket/contracts'
import { findTreeRecord, treeName } from './ingest/layer-record.ts'
import { treesOf } from './pins.ts'
import type { Store } from './open-store.ts'

/** What an image consists of beside its record. */
export interface ImageParts {
  /** Names in `layers`. */
  trees: string[]
  /** Digests: the manifest and its configuration, the layers as served, and what the trees were unpacked from. */
  blobs: string[]
}

/**
 * A damaged manifest or tree record counts as one that names nothing more: that is for `store check` and the next fetch to tell, and must
 * not keep the rest of the store from being collected.
 */
export function partsOf(store: Store, record: ImageRecord): ImageParts {
  const trees = [...new Set(treesOf(record).map(treeName))]
  const config = record.sha256 === undefined ? undefined : configOf(store, record.sha256)
  const blobs = [
    ...record.layers.map(({ digest }) => digest), record.sha256, config, ...trees.map((name) => blobOfTree(store, name)),
  ].filter((digest) => digest !== undefined)
  return { trees, blobs: [...new Set(blobs)] }
}

/** What a tree was unpacked from. */
export function blobOfTree(store: Store, name: string): string | undefined {
  try {
    return findTreeRecord(store, name)?.blob
  } catch (error) {
    if (isRocketError(error, 'STORE_CORRUPT')) return undefined
    throw error
  }
}

/** Path of the configuration of an OCI image, which may be gone; undefined when nothing names one. */
export function configPath(store: Store, record: ImageRecord): string | undefined {
  const config = record.sha256 === undefined ? undefined : configOf(store, record.sha256)
  return config === undefined ? undefined : join(store.directory, blobFile(config))
}

/**
 * Where the root file system of an image lies: absolute, bottom first, what an overlay is made of. Throws IMAGE_TREE_MISSING.
 */
export function treeDirectories(store: Store, record: ImageRecord): string[] {
  return record.rootfs.map((path) => {
    const directory = join(store.directory, path.slice('store:'.length))
    if (existsSync(directory)) return directory
    throw new RocketError('IMAGE_TREE_MISSING', {
      what: `image ${record.imageId} cannot be used`, why: `its tree ${directory} is not there`, hint: 'remove the image and fetch it again',
    })
  })
}

/** Relative to the store. */
export function blobFile(digest: string): string {
  return `${storeLayout.blobs}/${digest.replace(':', '/')}`
}

/** The digest of the configuration that an OCI manifest names. */
function configOf(store: Store, manifest: string): string | undefined {
  try {
    const { config } = JSON.parse(readFileSync(join(store.directory, blobFile(manifest)), 'utf8')) as { config?: { digest?: unknown } }
    return typeof config?.digest === 'string' ? config.digest : undefined
  } catch (error) {
    if (isErrno(error, 'ENOENT') || error instanceof SyntaxError) return undefined
    throw error
  }
}
