import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { isErrno, type ImageRecord } from '@rocket/contracts'
import { digestFile } from '@rocket/host'
import { parseDigest } from '@rocket/image'
import { blobFile, partsOf } from '../image-parts.ts'
import { listBlobs } from '../list-store.ts'
import type { Store } from '../open-store.ts'
import type { FoundFault } from './fault.ts'

/** Every blob hashed again, or with `ownedOnly` those of the images given. What is damaged is removed by mending: it is of no use, and only in the way of a sound one. */
export function* checkBlobs(store: Store, records: readonly ImageRecord[], ownedOnly: boolean): Generator<FoundFault, void, undefined> {
  const owners = new Map<string, string[]>()
  for (const record of records) {
    for (const digest of partsOf(store, record).blobs) owners.set(digest, [...(owners.get(digest) ?? []), record.imageId])
  }
  for (const digest of ownedOnly ? owners.keys() : listBlobs(store)) {
    const got = hashOf(store, digest)
    if (got === undefined || got === digest) continue
    const file = blobFile(digest)
    const images = owners.get(digest) ?? []
    yield {
      kind: 'blob-damaged', file, why: `its bytes hash to ${got}`, images, mend: () => rmSync(join(store.directory, file), { force: true }),
      ...(images.length === 0 ? {} : { hint: `${images.map((id) => `\`rkt image rm ${id}\``).join(', ')}, then fetch again` }),
    }
  }
}

/** Undefined when it went away meanwhile. */
function hashOf(store: Store, digest: string): string | undefined {
  const { algorithm } = parseDigest(digest)
  try {
    return `${algorithm}:${digestFile(algorithm, join(store.directory, blobFile(digest)))}`
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return undefined
    throw error
  }
}
