import { openIngest, type Ingest } from '../ingest/ingest-directory.ts'
import { treeName } from '../ingest/layer-record.ts'
import { lockPrepare } from '../locks.ts'
import { listPins } from '../pins.ts'
import type { Store } from '../open-store.ts'
import { checkBlobs } from './check-blobs.ts'
import { checkFiles } from './check-files.ts'
import { checkRecords, readableRecords, type RecordsOfPod } from './check-records.ts'
import { checkTrees } from './check-trees.ts'
import type { Fault, FoundFault } from './fault.ts'

export interface CheckOptions {
  /** Records and names only: neither blobs nor trees are read. */
  quick: boolean
  /** Mends what the store itself has the means for. */
  repair: boolean
  recordsOfPod: RecordsOfPod
  /** Blobs and trees of this image alone; absent: everything. */
  imageId?: string
}

/**
 * Compares the store with what its records say. While it looks, nothing is collected; while it mends, nothing is fetched or prepared either.
 * Mending never replaces a tree that a pod uses, and never removes what could still be used; a kill leaves the old or the new. Faults come
 * in the order files, records, blobs, trees.
 */
export async function checkStore(store: Store, options: CheckOptions): Promise<Fault[]> {
  let lock = lockPrepare(store, 'shared')
  const ingest = openIngest(store)
  try {
    const found = await findFaults(store, ingest, options)
    if (!options.repair) return found.map((fault) => settle(store, fault, 'found'))
    lock.release()
    lock = lockPrepare(store, 'exclusive')
    return found.map((fault) => mend(store, fault))
  } finally {
    ingest.release()
    lock.release()
  }
}

async function findFaults(store: Store, ingest: Ingest, { quick, recordsOfPod, imageId }: CheckOptions): Promise<FoundFault[]> {
  const found = imageId === undefined ? [...checkFiles(store), ...checkRecords(store, recordsOfPod)] : []
  if (quick) return found
  const records = readableRecords(store).filter((record) => imageId === undefined || record.imageId === imageId)
  found.push(...checkBlobs(store, records, imageId !== undefined))
  await checkTrees(ingest, records, (fault) => found.push(fault))
  // A tree that can be made again was found missing twice: once by its record, once by its bytes.
  const remade = new Set(found.flatMap(({ tree, file }) => (tree === undefined ? [] : [file])))
  return found.filter(({ kind, tree, file }) => tree !== undefined || !kind.startsWith('tree-') || !remade.has(file.replace(/\.json$/, '')))
}

function mend(store: Store, fault: FoundFault): Fault {
  if (fault.mend === undefined || podsOf(store, fault).length > 0) return settle(store, fault, 'found')
  fault.mend()
  return settle(store, fault, 'mended')
}

function settle(store: Store, fault: FoundFault, state: 'found' | 'mended'): Fault {
  const { kind, file, why, images, hint } = fault
  const pods = podsOf(store, fault)
  const reached = state === 'mended' ? 'mended' : fault.mend === undefined ? 'left' : pods.length > 0 ? 'in-use' : 'found'
  const inUse = reached === 'in-use' ? `let ${pods.join(', ')} end, run \`rkt gc\`, then \`rkt store check --repair\`` : undefined
  const advice = inUse ?? hint
  return { kind, file, why, state: reached, images, pods, ...(advice === undefined ? {} : { hint: advice }) }
}

/** That have the tree under their feet. */
function podsOf(store: Store, { tree }: FoundFault): string[] {
  if (tree === undefined) return []
  return listPins(store, () => {}).filter(({ trees }) => trees.map(treeName).includes(tree)).map(({ uuid }) => uuid)
}
