import { join } from 'node:path'
import { storeLayout } from '@rocket/contracts'
import { namesIn } from '@rocket/host'
import type { Store } from './open-store.ts'

/** The names in a directory of the store, sorted; of one that is not there, none. */
export function listIn(store: Store, directory: string): string[] {
  return namesIn(join(store.directory, directory)).sort()
}

/** IDs of the images that have a record. */
export function listRecords(store: Store): string[] {
  return listIn(store, 'images').filter((name) => /^sha512-[0-9a-f]{64}\.json$/.test(name)).map(withoutJson)
}

/** Names of trees, of those without a record and of records without a tree, too. */
export function listTrees(store: Store): string[] {
  return [...new Set(listIn(store, storeLayout.layers).filter((name) => !name.startsWith('.')).map(withoutJson))]
}

/** Digests. */
export function listBlobs(store: Store): string[] {
  return listIn(store, storeLayout.blobs).flatMap((algorithm) => (
    listIn(store, `${storeLayout.blobs}/${algorithm}`).filter((hex) => !hex.startsWith('.')).map((hex) => `${algorithm}:${hex}`)
  ))
}

export function withoutJson(name: string): string {
  return name.endsWith('.json') ? name.slice(0, -'.json'.length) : name
}
