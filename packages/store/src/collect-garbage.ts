import { lockPrepare } from './locks.ts'
import { listPins, unpinPod } from './pins.ts'
import type { Swept } from './sweep.ts'
import type { Store } from './open-store.ts'

export interface CollectOptions {
  /** The pods that exist, in any place; pins of others are dropped. Asked once no pod is being prepared. Without it every pin counts. */
  pods?: () => Iterable<string>
}

/**
 * Removes records, trees and blobs that neither a name nor a pod needs, and what fetches that were killed left behind. Waits until no
 * pod is being prepared and nothing is being fetched (rkt's prepare lock).
 */
export async function collectGarbage(store: Store, options: CollectOptions = {}): Promise<Swept> {
  const lock = lockPrepare(store, 'exclusive')
  try {
    if (options.pods !== undefined) {
      const pods = new Set(options.pods())
      for (const pin of listPins(store)) if (!pods.has(pin.uuid)) unpinPod(store, pin.uuid)
    }
    const { sweep } = await import('./sweep.ts')
    return sweep(store)
  } finally {
    lock.release()
  }
}
