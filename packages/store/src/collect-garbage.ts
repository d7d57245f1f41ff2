import { lockPrepare } from './locks.ts'
import { unpinPod } from './pins.ts'
import { removeNames } from './remove-image.ts'
import type { Swept } from './sweep.ts'
import type { SweepItem } from './plan-sweep.ts'
import { listIn, withoutJson } from './list-store.ts'
import type { Store } from './open-store.ts'

export interface CollectOptions {
  /** The pods that exist, in any place; pins of others are dropped. Asked once no pod is being prepared. Without it every pin counts. */
  pods?: () => Iterable<string>
  /** The images to be removed as well, by whatever rule; asked at the same moment, so that none of them is being taken into use. */
  images?: () => Iterable<string>
}

/**
 * Removes records, trees and blobs that neither a name nor a pod needs, and what fetches that were killed left behind. Waits until no
 * pod is being prepared and nothing is being fetched (rkt's prepare lock).
 */
export async function collectGarbage(store: Store, options: CollectOptions = {}): Promise<Swept> {
  const lock = lockPrepare(store, 'exclusive')
  try {
    for (const uuid of gonePods(store, options)) unpinPod(store, uuid)
    for (const imageId of options.images?.() ?? []) removeNames(store, imageId)
    const { sweep } = await import('./sweep.ts')
    return sweep(store)
  } finally {
    lock.release()
  }
}

/** What {@link collectGarbage} would keep and remove, and why. Waits for nobody and changes nothing. */
export async function explainGarbage(store: Store, options: CollectOptions = {}): Promise<SweepItem[]> {
  const { planSweep } = await import('./plan-sweep.ts')
  return planSweep(store, { pods: new Set(gonePods(store, options)), images: new Set(options.images?.()) })
}

/** Pods that have a pin, whether it can be read or not, and do not exist. */
function gonePods(store: Store, { pods }: CollectOptions): string[] {
  if (pods === undefined) return []
  const there = new Set(pods())
  return listIn(store, 'refs/pods').filter((name) => name.endsWith('.json') && !name.startsWith('.')).map(withoutJson).filter((uuid) => !there.has(uuid))
}
