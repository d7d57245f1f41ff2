import { readImage } from '@rocket/image'
import { fileState } from '../file-state.ts'
import { placeOf } from '../plan-fetch.ts'
import { requireWaiver, type Imported, type Session } from '../session.ts'
import { findOciRecord, importOci } from './import-oci.ts'
import { localImageName } from './local-name.ts'
import { openLocalSource, type LocalReference } from './open-source.ts'

/**
 * An image from an OCI image layout, an archive or a plain directory. Throws SIGNATURE_REQUIRED, OCI_LAYOUT_INVALID, OCI_TAG_NOT_FOUND,
 * IMAGE_ARCHIVE_INVALID, and what importing throws.
 */
export async function fetchFromFiles(reference: LocalReference, session: Session): Promise<Imported> {
  const place = placeOf(reference)
  requireWaiver(
    session,
    {
      what: `the image of ${place.path} was not stored`, why: 'OCI image layouts and archives are not signed',
      hint: '--insecure-options=image takes the image without a check',
    },
  )
  session.context.debug(`using image from file ${place.path}`)
  // Before reading, so that a change in between is noticed next time. Everything in a layout but its index is named by its content.
  const state = fileState(place.state)
  const source = await openLocalSource(reference, session.ingest.directory)
  try {
    const found = await readImage(source, session.platform)
    const names = { ...localImageName(reference, source.tag), reference: reference.key }
    const record = findOciRecord(found.manifestBytes, session) ?? await importOci({
      ...found, from: 'file', openLayer: async (descriptor, signal) => source.openBlob(descriptor, signal),
    }, session, names)
    const others = record.manifest.labels.filter((label) => label.name !== 'version')
    const labels = names.version === '' ? others : [{ name: 'version', value: names.version }, ...others]
    return {
      record, name: names.name, labels, source: reference.key, latest: names.version === '' || names.version === 'latest',
      ...(state === undefined ? {} : { http: { etag: state } }),
    }
  } finally {
    await source.close()
  }
}
