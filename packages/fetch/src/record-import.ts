import type { NameRef } from '@rocket/contracts'
import type { PlannedImage } from './plan-fetch.ts'
import type { Imported, Session } from './session.ts'
import { keepEvidence } from './verify/judgement.ts'

/** The names under which the image can be found from now on, and why it was taken. */
export function recordImport(imported: Imported, source: Extract<PlannedImage, { from: 'source' }>['source'], session: Session): void {
  const { record } = imported
  const { store, writer } = session
  const now = new Date().toISOString()
  keepEvidence(imported.judgement, { imageId: record.imageId, reference: source.key, source: imported.source }, store, writer)
  const refFor = (reference: string): NameRef => ({
    version: 1, imageId: record.imageId, reference, name: imported.name, labels: imported.labels, latest: imported.latest,
    sizeBytes: record.sizeBytes + record.unpackedBytes, importedAt: now, lastUsedAt: now,
    ...(record.sha256 === undefined ? {} : { sha256: record.sha256 }),
    ...(imported.http === undefined ? {} : { http: { ...imported.http, downloadedAt: now } }),
  })
  for (const key of new Set([source.key, ...imported.keys ?? []])) writer.writeRefs(store, refFor(key), key)
}
