import { openStore } from '@rocket/store'
import { readSettings } from '../config/settings.ts'
import type { Invocation } from '../grammar/command.ts'
import { outputFlags } from '../grammar/flags/output.ts'
import { readHistory } from '../images/read-history.ts'
import { readStoredImage } from '../images/use-image.ts'
import { formatJson } from '../print/json.ts'
import { formatSize } from '../print/size.ts'
import { formatTable } from '../print/table.ts'
import { formatAge, formatFullTime } from '../print/time.ts'
import { writeOut } from '../print/write.ts'

const mostWords = 80

/** `rkt image history`: the steps of making an image, the latest first. */
export function run({ flags, positionals }: Invocation): number {
  const store = openStore(readSettings(flags).storeDirectory)
  const steps = readHistory(store, readStoredImage(store, positionals[0] ?? ''))
  const format = flags.get(outputFlags.format)
  if (format !== '') {
    writeOut(formatJson(steps, format))
    return 0
  }
  const full = flags.get(outputFlags.full)
  const rows = steps.map(({ createdAt, createdBy, comment, layer }) => [
    layer === undefined ? '-' : full ? layer.digest : layer.digest.slice(0, layer.digest.indexOf(':') + 13), timeOf(createdAt, full),
    layer === undefined ? '-' : full ? String(layer.sizeBytes) : formatSize(layer.sizeBytes), words(createdBy ?? comment ?? '-', full),
  ])
  writeOut(formatTable([...(flags.get(outputFlags.noLegend) ? [] : [['LAYER', 'CREATED', 'SIZE', 'CREATED BY']]), ...rows]))
  return 0
}

function timeOf(text: string | undefined, full: boolean): string {
  const ms = Date.parse(text ?? '')
  return Number.isNaN(ms) ? '-' : full ? formatFullTime(ms) : formatAge(ms)
}

/** On one line, without control characters: it is the author's text. */
function words(text: string, full: boolean): string {
  const line = text.replaceAll(/\p{C}+|\s+/gu, ' ').trim()
  return full || line.length <= mostWords ? line : `${line.slice(0, mostWords - 1)}…`
}
