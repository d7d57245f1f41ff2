import { RocketError } from '@rocket/contracts'

const prefix = 'sha512-'
/** rkt keeps half of the digest in its keys: 64 of 128 digits. */
const keyDigits = 64
const shortestPrefixDigits = 2

/** The store key of an image, from its full SHA-512 in hex: `sha512-` and the first 64 digits. */
export function imageIdFromSha512(hex: string): string {
  if (!/^[0-9a-f]{128}$/.test(hex)) throw new Error(`not a sha512 in hex: ${hex}`)
  return prefix + hex.slice(0, keyDigits)
}

/** Whether an argument is an image ID or the beginning of one, and not an image name. Reference: rkt, "Image ID arguments". */
export function looksLikeImageId(text: string): boolean {
  return /^sha512-[0-9a-fA-F]+$/.test(text)
}

/**
 * What a user typed, as the beginning of store keys: longer input is cut to the key's length, shorter is kept. Throws
 * IMAGE_ID_INVALID with rkt's messages `wrong key prefix` and `image ID too short`.
 */
export function parseImageIdPrefix(text: string): string {
  if (!text.startsWith(prefix)) throw invalid('wrong key prefix', text)
  const digits = text.slice(prefix.length).toLowerCase()
  if (digits.length < shortestPrefixDigits) throw invalid('image ID too short', text)
  if (!/^[0-9a-f]+$/.test(digits)) throw invalid('an image ID is a hex number', text)
  return prefix + digits.slice(0, keyDigits)
}

/**
 * The one key that begins with `text`, out of `keys`. Throws IMAGE_ID_INVALID: `no image IDs found`, or `ambiguous image ID: "…"`
 * when several do.
 */
export function findImageId(text: string, keys: Iterable<string>): string {
  const wanted = parseImageIdPrefix(text)
  const found: string[] = []
  for (const key of keys) if (key.startsWith(wanted)) found.push(key)
  if (found.length === 0) throw invalid('no image IDs found', text)
  if (found.length > 1) throw invalid(`ambiguous image ID: ${JSON.stringify(text)}`, found.slice(0, 4).join(', '))
  return found[0]!
}

/** At most `digits` of the hash: 32 as `fetch` prints it, 12 as lists do. */
export function shortImageId(imageId: string, digits = 32): string {
  return imageId.slice(0, prefix.length + digits)
}

function invalid(what: string, why: string): RocketError {
  return new RocketError('IMAGE_ID_INVALID', { what, why: why.slice(0, 300), hint: '`rkt image list` shows the images of this store' })
}
