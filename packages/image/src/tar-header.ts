import { corrupt } from './corrupt.ts'

export const tarBlock = 512

/** One header block as it stands, numbers read: what it means is for `tar-entry.ts`. */
export interface TarHeader {
  /** The type flag; a NUL of old archives is `0`. */
  flag: string
  name: Buffer
  linkname: Buffer
  mode: number
  uid: number
  gid: number
  size: number
  mtimeSeconds: number
  deviceMajor: number
  deviceMinor: number
}

/**
 * The header in a block of 512 bytes; undefined for a block of zeros, which is part of an end mark. The bytes are copied. Throws
 * LAYER_CORRUPT for a wrong checksum, a field that is no number, and a block that is cut short. Spec: POSIX ustar, with GNU's base-256
 * numbers; archives without a magic are read as v7 wrote them.
 */
export function parseTarHeader(block: Buffer): TarHeader | undefined {
  let sum = 8 * 32
  for (let at = 0; at < 148; at++) sum += block[at]!
  for (let at = 156; at < tarBlock; at++) sum += block[at]!
  if (sum === 8 * 32 && block.readBigUInt64LE(148) === 0n) return undefined
  // A block that is cut short has no sum.
  if (sum !== readNumber(block, 148, 8)) throw corrupt('the tar archive cannot be read', 'a header is damaged, or the archive ends in the middle')
  const name = readText(block, 0, 100)
  const hasPrefix = block[345] !== 0 && block.toString('latin1', 257, 263) === 'ustar\0'
  const number = (field: string, at: number, length: number, least = 0): number => {
    const value = readNumber(block, at, length)
    if (Number.isSafeInteger(value) && value >= least) return value
    throw corrupt('the tar archive cannot be read', `${field} of ${JSON.stringify(name.toString('latin1'))} is out of range, or no number`)
  }
  const flag = block[156] === 0 ? '0' : String.fromCharCode(block[156]!)
  const isDevice = flag === '3' || flag === '4'
  return {
    flag,
    name: hasPrefix ? Buffer.concat([readText(block, 345, 155), slash, name]) : name,
    linkname: block[157] === 0 ? nothing : readText(block, 157, 100),
    mode: number('the mode', 100, 8),
    uid: number('the owner', 108, 8),
    gid: number('the group', 116, 8),
    size: number('the size', 124, 12),
    mtimeSeconds: number('the time', 136, 12, -Infinity),
    deviceMajor: isDevice ? number('the device number', 329, 8) : 0,
    deviceMinor: isDevice ? number('the device number', 337, 8) : 0,
  }
}

const slash = Buffer.from('/')
const nothing = Buffer.alloc(0)

/** Up to a NUL. */
export function readText(bytes: Buffer, at: number, length: number): Buffer {
  const end = bytes.indexOf(0, at)
  return Buffer.from(bytes.subarray(at, end === -1 ? at + length : Math.min(end, at + length)))
}

/**
 * Octal digits between blanks and NULs, nothing at all being 0; or, with the highest bit set, base 256 in two's complement. NaN for other
 * text.
 */
function readNumber(block: Buffer, at: number, length: number): number {
  if ((block[at]! & 0x80) !== 0) return readBase256(block, at, length)
  let value = 0
  let digits = 0
  for (const end = at + length; at < end; at++) {
    const digit = block[at]! - 0x30
    if (digit >= 0 && digit < 8) {
      value = value * 8 + digit
      digits++
    } else if (digit !== 0x20 - 0x30 && digit !== 0 - 0x30) return Number.NaN
    else if (digits > 0) break
  }
  return value
}

function readBase256(block: Buffer, at: number, length: number): number {
  // The highest bit only says which form it is, the next one is the sign.
  let value = (block[at]! & 0x40) === 0 ? block[at]! & 0x3f : (block[at]! & 0x7f) - 0x80
  for (let next = at + 1; next < at + length; next++) value = value * 256 + block[next]!
  return value
}
