import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { checkDocument, storeLayout, type Evidence, type ImageRecord } from '@rocket/contracts'
import { writeFileAtomic } from '@rocket/host'
import { evidenceNumbers } from '../evidence.ts'
import type { Store } from '../open-store.ts'

/** Its trees and blobs must be there: from here on the image can be used. Immutable, so writing it twice changes nothing. */
export function writeImageRecord(store: Store, record: ImageRecord): void {
  const file = storeLayout.imageRecord(record.imageId)
  checkDocument('ImageRecord', record, file)
  writeFileAtomic(join(store.directory, file), `${JSON.stringify(record, undefined, 2)}\n`, { sync: true, mode: 0o600 })
}

/** One more file beside the earlier ones, numbered; returns its number. */
export function addEvidence(store: Store, evidence: Evidence): number {
  const directory = join(store.directory, storeLayout.evidence(evidence.imageId))
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  const next = 1 + Math.max(0, ...evidenceNumbers(store, evidence.imageId))
  const path = join(directory, `${next}.json`)
  checkDocument('Evidence', evidence, path)
  writeFileAtomic(path, `${JSON.stringify(evidence, undefined, 2)}\n`, { sync: true, mode: 0o600 })
  return next
}
