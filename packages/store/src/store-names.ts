import { sha256Hex } from '@rocket/host'

const alphabet = 'abcdefghijklmnopqrstuvwxyz234567'

/** 26 characters (130 bits) of a SHA-256, in base32: short, because 120 of them must fit the 4 KiB of an overlay's options. */
export function shortName(text: string): string {
  let bits = 0n
  for (const digit of sha256Hex(text).slice(0, 33)) bits = (bits << 4n) | BigInt(parseInt(digit, 16))
  bits >>= 2n
  let name = ''
  for (let shift = 125n; shift >= 0n; shift -= 5n) name += alphabet[Number((bits >> shift) & 31n)]
  return name
}

/**
 * Names of files in `refs/names`. An image's own entry carries a hash of its name and its ID, so that both look-ups are one directory
 * listing; a reference's entry is found by hash.
 */
export function imageEntryFile(name: string, imageId: string): string {
  return `${imageEntryPrefix(name)}${imageId.slice('sha512-'.length)}.json`
}

export function imageEntryPrefix(name: string): string {
  return `i-${sha256Hex(name).slice(0, 16)}-`
}

/** The image ID in the name of an image's entry; undefined for other files. */
export function imageIdOfEntry(file: string): string | undefined {
  const match = /^i-[0-9a-f]{16}-([0-9a-f]{64})\.json$/.exec(file)
  return match === null ? undefined : `sha512-${match[1]}`
}

export function referenceFile(key: string): string {
  return `r-${shortName(key)}.json`
}
