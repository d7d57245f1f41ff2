import { RocketError } from '@rocket/contracts'

export type Compression = 'none' | 'gzip' | 'bzip2' | 'xz' | 'zstd'

/** As many bytes as `detectCompression` wants to see: one tar header. */
export const sniffBytes = 512

/**
 * What the first bytes of an archive say it is; names and media types are not asked (reference: appc spec, "Image archive").
 * `head` holds the first `sniffBytes` bytes, or the whole archive if it is shorter. Throws LAYER_CORRUPT for anything else.
 */
export function detectCompression(head: Buffer): Compression {
  if (startsWith(head, 0x1f, 0x8b)) return 'gzip'
  if (startsWith(head, 0x42, 0x5a, 0x68)) return 'bzip2'
  if (startsWith(head, 0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00)) return 'xz'
  if (startsWith(head, 0x28, 0xb5, 0x2f, 0xfd)) return 'zstd'
  // A skippable zstd frame: tools put tables of contents and padding there, also at the front.
  if (head.length >= 4 && (head[0]! & 0xf0) === 0x50 && head[1] === 0x2a && head[2] === 0x4d && head[3] === 0x18) return 'zstd'
  if (isTarHeader(head)) return 'none'
  throw new RocketError('LAYER_CORRUPT', {
    what: 'unknown image filetype',
    why: head.length === 0 ? 'the archive is empty' : 'it is neither a tar archive nor compressed with gzip, bzip2, xz or zstd',
    hint: 'check what was downloaded: an error page saved under the name of an image looks like this',
  })
}

function startsWith(head: Buffer, ...magic: number[]): boolean {
  return head.length >= magic.length && magic.every((byte, index) => head[index] === byte)
}

/** The checksum decides, because archives older than POSIX carry no `ustar`. A block of zeros is an archive without entries. */
function isTarHeader(head: Buffer): boolean {
  if (head.length < sniffBytes) return false
  let sum = 8 * 32
  let allZero = true
  for (let index = 0; index < sniffBytes; index++) {
    const byte = head[index]!
    if (byte !== 0) allZero = false
    if (index < 148 || index >= 156) sum += byte
  }
  return allZero || parseInt(head.toString('latin1', 148, 156).replaceAll('\0', ' ').trim(), 8) === sum
}
