import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { isErrno, parseDocument, storeLayout, type Evidence } from '@rocket/contracts'
import { readFileCapped } from '@rocket/host'
import type { Store } from './open-store.ts'

/** Indexes and trusted roots are in it. */
const largestEvidenceBytes = 16 << 20

/** The verifications of an image, oldest first, and the names of their files. Throws DOCUMENT_INVALID. */
export function readEvidence(store: Store, imageId: string): { file: string; evidence: Evidence }[] {
  return evidenceNumbers(store, imageId).sort((one, other) => one - other).map((number) => {
    const file = join(storeLayout.evidence(imageId), `${number}.json`)
    const text = readFileCapped(join(store.directory, file), largestEvidenceBytes).toString('utf8')
    return { file, evidence: parseDocument('Evidence', text, file) }
  })
}

export function evidenceNumbers(store: Store, imageId: string): number[] {
  try {
    return readdirSync(join(store.directory, storeLayout.evidence(imageId))).flatMap(
      (name) => (/^\d+\.json$/.test(name) ? [parseInt(name, 10)] : [])
    )
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return []
    throw error
  }
}
