import { openStore } from '@rocket/store'
import { readSettings } from '../config/settings.ts'
import type { Invocation } from '../grammar/command.ts'
import { outputFlags } from '../grammar/flags/output.ts'
import { describeImage, type ImageDescription } from '../images/describe-image.ts'
import { readStoredImage } from '../images/use-image.ts'
import { formatJson } from '../print/json.ts'
import { formatSize } from '../print/size.ts'
import { formatTable } from '../print/table.ts'
import { formatAge, formatFullTime } from '../print/time.ts'
import { writeOut } from '../print/write.ts'

/** `rkt image inspect`: what is known of an image, from its record, names, evidence and pins. */
export function run({ flags, positionals }: Invocation): number {
  const store = openStore(readSettings(flags).storeDirectory)
  const image = describeImage(store, readStoredImage(store, positionals[0] ?? ''))
  const format = flags.get(outputFlags.format)
  writeOut(format === '' ? formatImage(image, flags.get(outputFlags.full)) : formatJson(image, format))
  return 0
}

function formatImage(image: ImageDescription, full: boolean): string {
  const time = (text: string | undefined): string => (
    text === undefined ? '-' : full ? formatFullTime(Date.parse(text)) : formatAge(Date.parse(text))
  )
  const size = (bytes: number): string => (full ? String(bytes) : formatSize(bytes))
  const many = (what: string, values: readonly string[]): string[][] => values.map((value, index) => [index === 0 ? what : '', value])
  const { os, arch } = image.platform
  const facts = [
    ['ID', image.id], ...(image.sha256 === undefined ? [] : [['DIGEST', image.sha256]]), ...many('NAME', image.names),
    ...many('FETCHED AS', image.references), ['FORMAT', image.format], ['PLATFORM', `${os || '-'}/${arch || '-'}`],
    ['SIZE', `${size(image.sizeBytes)}, unpacked ${size(image.unpackedBytes)}`], ['IMPORTED', time(image.importedAt)],
    ['LAST USED', time(image.lastUsedAt)], ...many('POD', image.pods),
  ]
  const layers = image.layers.map(({ digest, diffId, sizeBytes, unpackedBytes, tree }) => [
    cut(digest, full), cut(diffId, full), size(sizeBytes), size(unpackedBytes), tree ?? '-',
  ])
  const evidence = image.evidence.map((one) => [time(text(one['checkedAt'])), text(one['verdict']), text(one['method']), text(one['reason'])])
  return [
    formatTable(facts), formatTable([['LAYER', 'DIFF ID', 'SIZE', 'UNPACKED', 'TREE'], ...layers]),
    ...(evidence.length === 0 ? [] : [formatTable([['CHECKED', 'VERDICT', 'METHOD', 'REASON'], ...evidence])]),
  ].join('\n')
}

function text(value: unknown): string {
  return typeof value === 'string' && value !== '' ? value : '-'
}

function cut(digest: string, full: boolean): string {
  return full ? digest : digest.slice(0, digest.indexOf(':') + 13)
}
