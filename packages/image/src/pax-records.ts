import { corrupt } from './corrupt.ts'

/**
 * The records of one extended header, `LENGTH KEY=VALUE\n` each. Values stay bytes: a name may be latin-1, an extended attribute
 * anything. Keys are decoded as latin-1, one character per byte. A later record of the same key wins. Spec: POSIX pax, "Extended Header".
 */
export function parsePaxRecords(bytes: Buffer): Map<string, Buffer> {
  const records = new Map<string, Buffer>()
  let offset = 0
  while (offset < bytes.length) {
    // Some writers pad the header with zeros instead of ending it.
    if (bytes[offset] === 0) break
    const space = bytes.indexOf(0x20, offset)
    const digits = space === -1 || space - offset > 10 ? '' : bytes.toString('latin1', offset, space)
    const length = /^[1-9]\d*$/.test(digits) ? Number(digits) : 0
    const end = offset + length
    const equals = bytes.indexOf(0x3d, space)
    if (length === 0 || end > bytes.length || bytes[end - 1] !== 0x0a || equals === -1 || equals >= end) {
      throw corrupt('an extended header is malformed', `record at byte ${offset}`)
    }
    const key = bytes.toString('latin1', space + 1, equals)
    if (equals + 1 === end - 1) records.delete(key)
    else records.set(key, bytes.subarray(equals + 1, end - 1))
    offset = end
  }
  return records
}

/** Seconds with an optional fraction, as nanoseconds; digits beyond the ninth are cut, as the kernel would. */
export function parsePaxTime(value: Buffer): bigint {
  const match = /^(-?)(\d{1,12})(?:\.(\d*))?$/.exec(value.toString('latin1'))
  if (match === null) throw corrupt('an extended header is malformed', `time ${JSON.stringify(value.toString('latin1').slice(0, 40))}`)
  const nanoseconds = BigInt(match[2]!) * 1_000_000_000n + BigInt((match[3] ?? '').slice(0, 9).padEnd(9, '0'))
  return match[1] === '-' ? -nanoseconds : nanoseconds
}

export function parsePaxNumber(value: Buffer): number {
  const text = value.toString('latin1')
  const number = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN
  if (!Number.isSafeInteger(number)) throw corrupt('an extended header is malformed', `number ${JSON.stringify(text.slice(0, 40))}`)
  return number
}
