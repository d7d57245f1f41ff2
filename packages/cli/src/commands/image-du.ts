import { listImages, measureStore, openStore, type MeasuredStore, type Store } from '@rocket/store'
import { readSettings } from '../config/settings.ts'
import type { Invocation } from '../grammar/command.ts'
import { outputFlags } from '../grammar/flags/output.ts'
import { shortId, withVersion } from '../images/image-labels.ts'
import { findStoredImage } from '../images/stored-image.ts'
import { formatJson } from '../print/json.ts'
import { formatSize } from '../print/size.ts'
import { formatTable } from '../print/table.ts'
import { writeOut } from '../print/write.ts'

/** `rkt image du`: blocks on the disk, as `du` counts them. */
export function run({ flags, positionals }: Invocation): number {
  const store = openStore(readSettings(flags).storeDirectory)
  const wanted = new Set(positionals.map((text) => findStoredImage(store, text)))
  const measured = measureStore(store)
  const names = namesOf(store)
  const images = measured.images.filter(({ imageId }) => wanted.size === 0 || wanted.has(imageId))
    .map((image) => ({ ...image, names: names.get(image.imageId) ?? [] }))
    .toSorted((one, other) => other.ownBytes - one.ownBytes || (one.imageId < other.imageId ? -1 : 1))
  const format = flags.get(outputFlags.format)
  if (format !== '') {
    writeOut(formatJson({ ...measured, images }, format))
    return 0
  }
  const full = flags.get(outputFlags.full)
  const size = (bytes: number): string => (full ? String(bytes) : formatSize(bytes))
  const rows = images.map(({ imageId, names: [name = '-'], ownBytes, sharedBytes }) => (
    [full ? imageId : shortId(imageId), size(ownBytes), size(sharedBytes), name]
  ))
  const header = flags.get(outputFlags.noLegend) ? [] : [['ID', 'OWN', 'SHARED', 'NAME']]
  writeOut(formatTable([...header, ...rows]))
  if (wanted.size === 0 && header.length > 0) writeOut(`\n${formatTable(totals(measured).map(([what, bytes, why]) => [what, size(bytes), why]))}`)
  return 0
}

function totals({ images, sharedBytes, unusedBytes, otherBytes, totalBytes }: MeasuredStore): [string, number, string][] {
  return [
    ['own', images.reduce((sum, { ownBytes }) => sum + ownBytes, 0), 'of all images'],
    ['shared', sharedBytes, 'by several images, counted once'],
    ['unused', unusedBytes, 'of no image: for the next gc, unless a pod uses it'],
    ['other', otherBytes, 'names, directories, and what is being fetched'],
    ['total', totalBytes, "what 'du -s' says of the store"],
  ]
}

function namesOf(store: Store): Map<string, string[]> {
  const names = new Map<string, string[]>()
  for (const image of listImages(store, () => {})) names.set(image.imageId, [...(names.get(image.imageId) ?? []), withVersion(image.name, image.version)])
  return names
}
