import { RocketError } from '@rocket/contracts'
import type { SignaturePacket } from 'openpgp'

/** More than a handful of signatures has. */
export const largestSignatureBytes: number = 1 << 20

/** So many signatures of one file are looked at. */
const mostSignatures = 16

/**
 * The library hashes what it is given as a whole. It also takes a digest that was made on the way, as it does itself for messages whose
 * signature stands at their end; its types do not say so. A release that did otherwise would refuse every signature.
 */
export type HashedSignature = SignaturePacket & {
  calculateTrailer(data: null, detached: boolean): Uint8Array
  hashed: Uint8Array
  salt?: Uint8Array | null
}

/** The signatures of a file, armored or binary. `name` is where it comes from. Throws SIGNATURE_UNREADABLE. */
export async function readPackets(bytes: Uint8Array, name: string): Promise<HashedSignature[]> {
  const { readSignature } = await import('openpgp')
  if (bytes.length > largestSignatureBytes) throw unreadable(name, `it has ${bytes.length} bytes, at most ${largestSignatureBytes} are read`)
  const text = Buffer.from(bytes).toString('latin1')
  try {
    const parsed = text.includes('-----BEGIN PGP')
      ? await readSignature({ armoredSignature: text }) : await readSignature({ binarySignature: new Uint8Array(bytes) })
    const packets = [...parsed.packets] as HashedSignature[]
    if (packets.length === 0) throw unreadable(name, 'no valid signatures found in signature file')
    if (packets.length > mostSignatures) throw unreadable(name, `it holds more than ${mostSignatures} signatures`)
    return packets
  } catch (cause) {
    throw cause instanceof RocketError ? cause : unreadable(name, 'it is no OpenPGP signature', cause)
  }
}

/** Those that are accepted, as OpenPGP numbers them and as Node calls them. Spec: RFC 9580, 9.5 "Hash Algorithms". */
const hashes: ReadonlyMap<number, string> = new Map([[8, 'sha256'], [9, 'sha384'], [10, 'sha512'], [11, 'sha224'], [12, 'sha3-256'], [14, 'sha3-512']])

export const hashNames: readonly string[] = [...hashes.values()]

/** Throws SIGNATURE_UNREADABLE for a hash that is not accepted any more, and for signatures of text. */
export async function hashNameOf(packet: HashedSignature, name: string): Promise<string> {
  const { enums } = await import('openpgp')
  if (packet.signatureType !== enums.signature.binary) {
    throw unreadable(name, 'it is not over bytes as they are', undefined, 'sign with gpg --detach-sign, without --textmode')
  }
  const hash = hashes.get(packet.hashAlgorithm ?? 0)
  if (hash === undefined) throw unreadable(name, `its hash, OpenPGP's number ${packet.hashAlgorithm}, is not accepted any more`)
  return hash
}

export function unreadable(name: string, why: string, cause?: unknown, hint?: string): RocketError {
  return new RocketError('SIGNATURE_UNREADABLE', {
    what: `the signature ${name} cannot be used`, why, cause, ...(hint === undefined ? {} : { hint }),
  })
}
