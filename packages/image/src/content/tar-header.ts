import { corrupt } from '../corrupt.ts'

/** One header block of a tar: what framing and look-up need. Names are bytes, as they stand there. */
export interface TarHeader {
  /** The type flag; a NUL of old archives is `0`. */
  flag: string
  name: Buffer
  linkname: Buffer
  size: number
}

export const tarBlock = 512

/** Undefined for a block of zeros. Throws LAYER_CORRUPT when the checksum is wrong or a number is none. Spec: POSIX, ustar; GNU tar. */
export function parseTarHeader(block: Buffer): TarHeader | undefined {
  if (block.length === tarBlock && block.every((byte) => byte === 0)) return undefined
  if (block.length < tarBlock || checksum(block) !== numberAt(block, 148, 8)) {
    throw corrupt('the tar archive cannot be read', 'a header is damaged, or the archive ends in the middle')
  }
  const flag = block[156] === 0 ? '0' : block.toString('latin1', 156, 157)
  const isPosix = block.toString('latin1', 257, 263) === 'ustar\0'
  const prefix = isPosix ? textAt(block, 345, 155) : Buffer.alloc(0)
  const name = textAt(block, 0, 100)
  return {
    flag,
    name: prefix.length === 0 ? name : Buffer.concat([prefix, Buffer.from('/'), name]),
    linkname: textAt(block, 157, 100),
    size: numberAt(block, 124, 12),
  }
}

function textAt(block: Buffer, offset: number, length: number): Buffer {
  const field = block.subarray(offset, offset + length)
  const end = field.indexOf(0)
  return Buffer.from(end === -1 ? field : field.subarray(0, end))
}

/** Octal; or, when the first bit is set, binary: GNU's form for what octal cannot hold. */
function numberAt(block: Buffer, offset: number, length: number): number {
  const field = block.subarray(offset, offset + length)
  let value: number
  if ((field[0]! & 0x80) !== 0) {
    const big = BigInt(`0x${field.toString('hex')}`) & ((1n << BigInt(length * 8 - 1)) - 1n)
    value = big <= BigInt(Number.MAX_SAFE_INTEGER) && (field[0]! & 0x40) === 0 ? Number(big) : Number.NaN
  } else {
    const text = field.toString('latin1').replaceAll('\0', ' ').trim()
    value = text === '' ? 0 : /^[0-7]+$/.test(text) ? parseInt(text, 8) : Number.NaN
  }
  if (Number.isSafeInteger(value)) return value
  throw corrupt('the tar archive cannot be read', 'a number in a header is none')
}

function checksum(block: Buffer): number {
  let sum = 8 * 32
  for (let index = 0; index < tarBlock; index++) if (index < 148 || index >= 156) sum += block[index]!
  return sum
}
