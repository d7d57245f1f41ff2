import type { RocketError } from '@rocket/contracts'
import { listImages, openStore, type ListedImage } from '@rocket/store'
import { readSettings } from '../config/settings.ts'
import type { Invocation } from '../grammar/command.ts'
import type { FlagValues } from '../grammar/flag.ts'
import { imageListFlags } from '../grammar/flags/life.ts'
import { outputFlags } from '../grammar/flags/output.ts'
import { errorStyle } from '../print/context.ts'
import { formatJson } from '../print/json.ts'
import { useQuickExit } from '../print/quick-exit.ts'
import { formatSize } from '../print/size.ts'
import { formatTable } from '../print/table.ts'
import { formatAge, formatFullTime } from '../print/time.ts'
import { writeOut } from '../print/write.ts'

/** `rkt image list`, from the small files in which the store keeps names. One that cannot be read is told, and hides no other. */
export async function run(invocation: Invocation): Promise<number> {
  useQuickExit()
  const { flags } = invocation
  const damaged: RocketError[] = []
  const found = listImages(openStore(readSettings(flags).storeDirectory), (error) => damaged.push(error))
  print(sortImages(found, flags.get(imageListFlags.sort), flags.get(imageListFlags.order) === 'desc'), flags)
  if (damaged.length > 0) {
    const { printError } = await import('../print/errors.ts')
    for (const error of damaged) printError(error, errorStyle(invocation))
  }
  return 0
}

function print(images: readonly ListedImage[], flags: FlagValues): void {
  const format = flags.get(outputFlags.format)
  if (format !== '') {
    // rkt's consumers know the list of no images as null.
    return writeOut(formatJson(images.length === 0 ? null : images.map(imageToJson), format))
  }
  const full = flags.get(outputFlags.full)
  const fields = flags.get(imageListFlags.fields)
  // The name that registries have for an image is of no use to rkt's scripts, so it stands last and only where all is shown.
  const digests = full && !flags.isSet(imageListFlags.fields) && images.some((image) => image.sha256 !== undefined)
  const header = [...fields.map((field) => columns[field]?.header ?? ''), ...(digests ? ['DIGEST'] : [])]
  const rows = images.map((image) => [
    ...fields.map((field) => columns[field]?.cell(image, full) ?? ''), ...(digests ? [image.sha256 ?? '-'] : []),
  ])
  writeOut(formatTable([...(flags.get(outputFlags.noLegend) ? [] : [header]), ...rows]))
}

interface Column {
  header: string
  cell: (image: ListedImage, full: boolean) => string
}

const columns: Record<string, Column> = {
  id: { header: 'ID', cell: (image, full) => (full ? image.imageId : image.imageId.slice(0, 'sha512-'.length + 12)) },
  name: { header: 'NAME', cell: nameOf },
  size: { header: 'SIZE', cell: (image, full) => (full ? String(image.sizeBytes) : formatSize(image.sizeBytes)) },
  importtime: { header: 'IMPORT TIME', cell: (image, full) => timeCell(image.importedAt, full) },
  lastused: { header: 'LAST USED', cell: (image, full) => timeCell(image.lastUsedAt, full) },
}

const sortKeys: Record<string, (image: ListedImage) => string | number> = {
  name: nameOf,
  size: (image) => image.sizeBytes,
  importtime: (image) => image.importedAt,
  lastused: (image) => image.lastUsedAt,
}

function sortImages(images: readonly ListedImage[], keys: readonly string[], descending: boolean): readonly ListedImage[] {
  // As they come.
  if (keys.length === 1 && keys[0] === 'importtime' && !descending) return images
  const sorted = images.toSorted((one, other) => {
    for (const key of keys) {
      const [left, right] = [sortKeys[key]?.(one) ?? '', sortKeys[key]?.(other) ?? '']
      if (left !== right) return left < right ? -1 : 1
    }
    return 0
  })
  return descending ? sorted.reverse() : sorted
}

function nameOf({ name, version }: ListedImage): string {
  return version === undefined ? name : `${name}:${version}`
}

/** Many images were used when they were imported, and never since. */
let latest = { time: '', full: false, cell: '' }

function timeCell(time: string, full: boolean): string {
  if (latest.time !== time || latest.full !== full) {
    latest = { time, full, cell: full ? formatFullTime(Date.parse(time)) : formatAge(Date.parse(time)) }
  }
  return latest.cell
}

/** Times in nanoseconds, as rkt has them. */
function imageToJson(image: ListedImage): object {
  return {
    id: image.imageId,
    name: nameOf(image),
    import_time: Date.parse(image.importedAt) * 1_000_000,
    last_used_time: Date.parse(image.lastUsedAt) * 1_000_000,
    size: image.sizeBytes,
    ...(image.sha256 === undefined ? {} : { sha256: image.sha256 }),
  }
}
