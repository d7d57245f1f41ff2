import { readImage } from '@rocket/image'
import { fileState } from '../file-state.ts'
import { placeOf } from '../plan-fetch.ts'
import type { Imported, Session } from '../session.ts'
import { findSignatures } from '../verify/find-signatures.ts'
import { openOciCheck } from '../verify/oci-check.ts'
import { claimedName, signaturesIn } from '../verify/source-signatures.ts'
import { findOciRecord, importOci } from './import-oci.ts'
import { localImageName } from './local-name.ts'
import { openLocalSource, type LocalReference } from './open-source.ts'

/**
 * An image from an OCI image layout, an archive or a plain directory. Throws SIGNATURE_*, OCI_LAYOUT_INVALID, OCI_TAG_NOT_FOUND,
 * IMAGE_ARCHIVE_INVALID, and what importing throws.
 */
export async function fetchFromFiles(reference: LocalReference, session: Session, signatureFile?: string): Promise<Imported> {
  const place = placeOf(reference)
  session.context.debug(`using image from file ${place.path}`)
  // Before reading, so that a change in between is noticed next time. Everything in a layout but its index is named by its content.
  const state = fileState(place.state)
  const source = await openLocalSource(reference, session.ingest.directory)
  try {
    const names = { ...localImageName(reference, source.tag), reference: reference.key }
    const check = await openOciCheck({ name: claimedName(source.imageName ?? source.tag, names.name), isClaimed: true, signatureFile }, session)
    const found = await readImage(source, session.platform)
    const judgement = await check.judge(found.chain, () => (
      findSignatures(found.chain.map(({ digest }) => digest), signaturesIn(source), session.context.debug)
    ))
    const record = findOciRecord(found.manifestBytes, session) ?? await importOci({
      ...found, from: 'file', openLayer: async (descriptor, signal) => source.openBlob(descriptor, signal),
    }, session, names)
    const others = record.manifest.labels.filter((label) => label.name !== 'version')
    const labels = names.version === '' ? others : [{ name: 'version', value: names.version }, ...others]
    return {
      record, judgement, name: names.name, labels, source: reference.key, latest: names.version === '' || names.version === 'latest',
      ...(state === undefined ? {} : { http: { etag: state } }),
    }
  } finally {
    await source.close()
  }
}
