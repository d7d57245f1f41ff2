import { DiskUsage } from './disk-usage.ts'
import { listImages } from './list-images.ts'
import { measureUnits } from './measure-store.ts'
import { listPins } from './pins.ts'
import type { Store } from './open-store.ts'

/** What a store is kept to, as a cache. Absent: no limit. */
export interface EvictionLimits {
  /** Images whose last use is longer ago go. */
  maxAgeMs?: number
  /** As many of the others as it takes, the least recently used first. Of the whole store, as `du` counts. */
  maxBytes?: number
}

/**
 * IDs of the images to be removed, the least recently used first. What a pod uses is never among them, so a store may stay larger than
 * `maxBytes`; nor is an image of which only the last use cannot be read.
 */
export function planEviction(store: Store, { maxAgeMs, maxBytes }: EvictionLimits, nowMs: number = Date.now()): string[] {
  if (maxAgeMs === undefined && maxBytes === undefined) return []
  const unused = byLastUse(store)
  const old = maxAgeMs === undefined ? [] : unused.filter(({ lastUsedAt }) => nowMs - Date.parse(lastUsedAt) > maxAgeMs)
  const evicted = old.map(({ imageId }) => imageId)
  if (maxBytes === undefined) return evicted
  const units = measureUnits(store).filter(({ imageIds }) => imageIds.length > 0).map(({ bytes, imageIds }) => ({ bytes, left: new Set(imageIds) }))
  let total = new DiskUsage().bytesOf(store.directory)
  const forget = (imageId: string): void => {
    for (const { bytes, left } of units) if (left.delete(imageId) && left.size === 0) total -= bytes
  }
  for (const imageId of evicted) forget(imageId)
  for (const { imageId } of unused.slice(old.length)) {
    if (total <= maxBytes) break
    forget(imageId)
    evicted.push(imageId)
  }
  return evicted
}

/** The images that no pod uses. An image with several names was used when the latest of them was. */
function byLastUse(store: Store): { imageId: string; lastUsedAt: string }[] {
  const pinned = new Set(listPins(store, () => {}).flatMap(({ images }) => images))
  const latest = new Map<string, string>()
  for (const { imageId, lastUsedAt } of listImages(store, () => {})) {
    const known = latest.get(imageId)
    if (!pinned.has(imageId) && (known === undefined || known < lastUsedAt)) latest.set(imageId, lastUsedAt)
  }
  return [...latest].map(([imageId, lastUsedAt]) => ({ imageId, lastUsedAt })).sort((one, other) => (
    one.lastUsedAt < other.lastUsedAt ? -1 : one.lastUsedAt > other.lastUsedAt ? 1 : one.imageId < other.imageId ? -1 : 1
  ))
}
