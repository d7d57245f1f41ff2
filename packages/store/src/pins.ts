import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { checkDocument, isUnreadable, parseDocument, storeLayout, type ImageRecord, type PodRef } from '@rocket/contracts'
import { namesIn, readIfThere, writeFileAtomic } from '@rocket/host'
import type { Store } from './open-store.ts'

/**
 * Keeps the bytes of these images until the pod is collected, whatever happens to their names. Repeatable: the new list replaces the old
 * one. `sync`: also across a crash of the machine, which a pod that is only prepared survives.
 */
export function pinForPod(store: Store, uuid: string, records: readonly ImageRecord[], options: { sync: boolean }): void {
  const pin: PodRef = {
    version: 1, uuid, pinnedAt: new Date().toISOString(),
    images: [...new Set(records.map((record) => record.imageId))],
    trees: [...new Set(records.flatMap(treesOf))],
  }
  const file = storeLayout.podRef(uuid)
  checkDocument('PodRef', pin, file)
  writeFileAtomic(join(store.directory, file), `${JSON.stringify(pin, undefined, 2)}\n`, { sync: options.sync, mode: 0o600 })
}

/** Repeatable. The bytes go with the next {@link collectGarbage}. */
export function unpinPod(store: Store, uuid: string): void {
  rmSync(join(store.directory, storeLayout.podRef(uuid)), { force: true })
}

/** One that cannot be read is told to `damaged`, as a path in the store, or thrown. */
export function listPins(store: Store, damaged?: (file: string) => void): PodRef[] {
  const files = namesIn(join(store.directory, 'refs/pods')).filter((name) => name.endsWith('.json') && !name.startsWith('.'))
  return files.flatMap((file) => {
    const path = join(store.directory, 'refs/pods', file)
    const text = readIfThere(path)?.toString('utf8')
    try {
      return text === undefined ? [] : [parseDocument('PodRef', text, path)]
    } catch (error) {
      if (damaged === undefined || !isUnreadable(error)) throw error
      damaged(`refs/pods/${file}`)
      return []
    }
  })
}

/** The trees that an image lives in, as store paths: those of its root, and those of its layers, which other images may share. */
export function treesOf(record: ImageRecord): string[] {
  return [...record.rootfs, ...record.layers.flatMap((layer) => (layer.tree === undefined ? [] : [layer.tree]))]
}
