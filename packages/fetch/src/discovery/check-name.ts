import { RocketError, type NormalisedManifest } from '@rocket/contracts'
import type { ImageName } from '../image-name.ts'

/**
 * Whether an image is the one that was asked for by name: its own name must be the same, and its labels must have the values that were asked
 * for; others do no harm. Unlike rkt, which looks only where it verifies a signature. Throws IMAGE_NAME_MISMATCH in rkt's words.
 */
export function checkName(manifest: Pick<NormalisedManifest, 'name' | 'labels'>, wanted: ImageName): void {
  if (manifest.name !== wanted.name) {
    throw mismatch(`error when reading the app name: ${JSON.stringify(wanted.name)} expected but ${JSON.stringify(manifest.name)} found`)
  }
  for (const { name, value } of wanted.labels) {
    const own = manifest.labels.find((label) => label.name === name)?.value
    if (own === undefined) throw mismatch(`requested label ${JSON.stringify(name)} not provided by the image manifest`)
    if (own !== value) {
      throw mismatch(
        `requested value for label ${JSON.stringify(name)}: ${JSON.stringify(value)} differs from fetched aci label value: ${JSON.stringify(own)}`,
      )
    }
  }
}

function mismatch(what: string): RocketError {
  return new RocketError('IMAGE_NAME_MISMATCH', { what, hint: 'its server sends another image under this name: tell those who keep it' })
}
