import { RocketError } from '@rocket/contracts'
import { findImageRecord, openStore } from '@rocket/store'
import { readSettings } from '../config/settings.ts'
import type { Invocation } from '../grammar/command.ts'
import { outputFlags } from '../grammar/flags/output.ts'
import { toImageManifest } from '../images/image-manifest.ts'
import { findStoredImage } from '../images/stored-image.ts'
import { formatJson } from '../print/json.ts'
import { writeOut } from '../print/write.ts'

/** `rkt image cat-manifest`: the manifest in appc's form, whatever format the image came in. */
export function run({ flags, positionals }: Invocation): number {
  const store = openStore(readSettings(flags).storeDirectory)
  const imageId = findStoredImage(store, positionals[0] ?? '')
  const record = findImageRecord(store, imageId)
  if (record === undefined) {
    throw new RocketError('DOCUMENT_MISSING', {
      what: `the record of image ${imageId} is not in the store`,
      hint: 'remove the image and fetch it again',
    })
  }
  writeOut(formatJson(toImageManifest(record.manifest), flags.get(outputFlags.prettyPrint) ? 'json-pretty' : 'json'))
  return 0
}
