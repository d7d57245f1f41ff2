import { readFileSync } from 'node:fs'

export interface Zone {
  offsetSeconds: number
  /** `CET`; `UTC` where nothing else is known. */
  name: string
}

/**
 * The local time zone at a moment, with the abbreviation that `date` prints. JavaScript only knows long names, and loading its
 * internationalisation costs more than reading the zone file (RFC 9636).
 */
export function zoneAt(ms: number): Zone {
  const offsetSeconds = -new Date(ms).getTimezoneOffset() * 60
  try {
    const zone = findInZoneFile(readZoneFile(), Math.floor(ms / 1000))
    if (zone !== undefined && zone.offsetSeconds === offsetSeconds) return zone
  } catch {
    // No zone file, or one that cannot be understood: the offset is known anyway.
  }
  return { offsetSeconds, name: offsetSeconds === 0 ? 'UTC' : offsetName(offsetSeconds) }
}

let read: { path: string; file: Buffer } | undefined

function readZoneFile(): Buffer {
  const path = zoneFile()
  if (read?.path !== path) read = { path, file: readFileSync(path) }
  return read.file
}

function zoneFile(): string {
  const zone = process.env['TZ']
  if (zone === undefined) return '/etc/localtime'
  return zone.startsWith('/') ? zone : `/usr/share/zoneinfo/${zone.replace(/^:/, '') || 'UTC'}`
}

function offsetName(offsetSeconds: number): string {
  const hours = String(Math.floor(Math.abs(offsetSeconds) / 3600)).padStart(2, '0')
  return `${offsetSeconds < 0 ? '-' : '+'}${hours}`
}

function findInZoneFile(file: Buffer, seconds: number): Zone | undefined {
  if (file.toString('latin1', 0, 4) !== 'TZif') return undefined
  const first = readHeader(file, 0, 4)
  // From version 2 on the same data follows once more, with times of eight bytes.
  const header = file[4] === 0 ? first : readHeader(file, first.end, 8)
  const { timeSize, times, types, typeTable, names, nameBytes } = header
  let index = -1
  while (index + 1 < times.count) {
    const at = times.start + (index + 1) * timeSize
    if ((timeSize === 8 ? Number(file.readBigInt64BE(at)) : file.readInt32BE(at)) > seconds) break
    index += 1
  }
  // After the last transition a rule in text holds; in a zone that still changes, both its kinds were used shortly before.
  if (index === times.count - 1 && times.count > 0) return afterLast(file, header, new Date(seconds * 1000))
  return readType(file, typeTable + 6 * (index === -1 ? 0 : (file[types + index] ?? 0)), names, nameBytes)
}

interface Header {
  timeSize: number
  times: { start: number; count: number }
  types: number
  typeTable: number
  names: number
  nameBytes: number
  end: number
}

function readHeader(file: Buffer, at: number, timeSize: number): Header {
  const [utCount, stdCount, leapCount, timeCount, typeCount, nameBytes] = [20, 24, 28, 32, 36, 40].map((field) =>
    file.readUInt32BE(at + field),
  ) as [number, number, number, number, number, number]
  const times = at + 44
  const types = times + timeCount * timeSize
  const typeTable = types + timeCount
  const names = typeTable + typeCount * 6
  const end = names + nameBytes + leapCount * (timeSize + 4) + stdCount + utCount
  return { timeSize, times: { start: times, count: timeCount }, types, typeTable, names, nameBytes, end }
}

function readType(file: Buffer, at: number, names: number, nameBytes: number): Zone {
  const start = names + (file[at + 5] ?? 0)
  return { offsetSeconds: file.readInt32BE(at), name: file.toString('latin1', start, Math.min(file.indexOf(0, start), names + nameBytes)) }
}

/** Of the last kinds of time in use, the one whose offset JavaScript reports. */
function afterLast(file: Buffer, header: Header, date: Date): Zone | undefined {
  const offset = -date.getTimezoneOffset() * 60
  for (let index = header.times.count - 1; index >= 0; index -= 1) {
    const zone = readType(file, header.typeTable + 6 * (file[header.types + index] ?? 0), header.names, header.nameBytes)
    if (zone.offsetSeconds === offset) return zone
  }
  return undefined
}
