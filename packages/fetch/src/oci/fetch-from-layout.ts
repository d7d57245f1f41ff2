import { createReadStream, statSync } from 'node:fs'
import { basename } from 'node:path'
import { RocketError, sanitizeAcIdentifier } from '@rocket/contracts'
import { hostPlatform, readOciLayout } from '@rocket/image'
import { fileState } from '../file-state.ts'
import { requireWaiver, type Imported, type Session } from '../session.ts'
import { findOciRecord, importOci } from './import-oci.ts'

/**
 * An image from an OCI image layout directory. Throws SIGNATURE_REQUIRED, OCI_LAYOUT_INVALID, OCI_TAG_NOT_FOUND, and what importing
 * throws.
 */
export async function fetchFromLayout(
  { key, directory, tag, digest }: { key: string; directory: string; tag: string | undefined; digest: string | undefined }, session: Session,
): Promise<Imported> {
  requireWaiver(
    session,
    {
      what: `the image of ${directory} was not stored`, why: 'OCI image layouts are not signed',
      hint: '--insecure-options=image takes the image without a check',
    },
  )
  session.context.debug(`using image from file ${directory}`)
  // Before reading, so that a change in between is noticed next time. Everything else in a layout is named by its content.
  const state = fileState(`${directory}/index.json`)
  const found = readOciLayout(directory, digest ?? tag, hostPlatform())
  const names = { name: sanitizeAcIdentifier(basename(directory)), version: found.tag ?? '', reference: key }
  const record = findOciRecord(found.manifestBytes, session) ?? await importOci({
    ...found, from: 'file', openLayer: async ({ digest }, signal) => {
      const path = found.layers.find(({ descriptor }) => descriptor.digest === digest)!.path
      if (!statSync(path, { throwIfNoEntry: false })?.isFile()) {
        throw new RocketError('OCI_LAYOUT_INVALID', {
          what: `${directory} is not an OCI image layout that can be used`, why: `it lacks the layer ${digest}`, hint: 'copy the layout again',
        })
      }
      return createReadStream(path, { highWaterMark: 1 << 20, signal }) as AsyncIterable<Buffer>
    },
  }, session, names)
  const others = record.manifest.labels.filter((label) => label.name !== 'version')
  const labels = names.version === '' ? others : [{ name: 'version', value: names.version }, ...others]
  return {
    record, name: names.name, labels, source: key, latest: names.version === '' || names.version === 'latest',
    ...(state === undefined ? {} : { http: { etag: state } }),
  }
}
