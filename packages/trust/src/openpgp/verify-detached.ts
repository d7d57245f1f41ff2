import { createHash, type Hash } from 'node:crypto'
import { RocketError, type Signer } from '@rocket/contracts'
import type { SignaturePacket } from 'openpgp'
import { groupFingerprint } from './review-text.ts'
import type { PublicKey } from './read-public-key.ts'

/** More than a handful of signatures has. */
export const largestSignatureBytes: number = 1 << 20

/** So many signatures of one file are looked at. */
const mostSignatures = 16

/**
 * The library hashes what it is given as a whole. It also takes a digest that was made on the way, as it does itself for messages whose
 * signature stands at their end; its types do not say so. A release that did otherwise would refuse every signature.
 */
type HashedSignature = SignaturePacket & {
  calculateTrailer(data: null, detached: boolean): Uint8Array
  hashed: Uint8Array
  salt?: Uint8Array | null
}

export interface DetachedSigner {
  signer: Signer
  key: PublicKey
}

/** A detached signature over bytes that are seen once. */
export interface DetachedCheck {
  update(chunk: Uint8Array): void
  /**
   * After the last byte: who signed. One valid signature of one of these keys suffices. `at` is the time for which keys and signatures
   * must be valid, now unless said. Throws SIGNATURE_INVALID with a reason for every signature.
   */
  conclude(keys: readonly PublicKey[], at?: Date): Promise<DetachedSigner>
}

/**
 * Reads a signature, armored or binary, before the bytes that it is for. Which keys count is said at the end, as the name of an image
 * stands inside it: until then the bytes are only hashed, once for each signature. `name` is where the signature comes from, for messages.
 * Throws SIGNATURE_UNREADABLE. Spec: RFC 9580, 5.2.4 "Computing Signatures".
 */
export async function startDetachedCheck(signature: Uint8Array, name: string): Promise<DetachedCheck> {
  const packets = await readPackets(signature, name)
  const hashes = await Promise.all(packets.map(async (packet) => createHash(await hashNameOf(packet, name)).update(packet.salt ?? new Uint8Array())))
  return {
    update: (chunk) => {
      for (const hash of hashes) hash.update(chunk)
    },
    conclude: (keys, at) => conclude(packets, hashes, keys, name, at),
  }
}

/** A signature that comes after the bytes that it is for. */
export interface DeferredCheck {
  update(chunk: Uint8Array): void
  /** As `conclude` of a check whose signature was there before. Throws SIGNATURE_UNREADABLE as well. */
  conclude(signature: { bytes: Uint8Array; name: string }, keys: readonly PublicKey[]): Promise<DetachedSigner>
}

/** Hashes with every algorithm that signatures use. */
export function startDeferredCheck(): DeferredCheck {
  const hashes = new Map(Object.values(hashNames).map((name) => [name, createHash(name)]))
  return {
    update: (chunk) => {
      for (const hash of hashes.values()) hash.update(chunk)
    },
    conclude: async ({ bytes, name }, keys) => {
      const packets = await readPackets(bytes, name)
      if (packets.some(({ salt }) => salt != null)) throw unreadable(name, 'its salt had to be known before the image, and it came after')
      const own = await Promise.all(packets.map(async (packet) => hashes.get(await hashNameOf(packet, name))!))
      return conclude(packets, own, keys, name)
    },
  }
}

async function conclude(
  packets: readonly HashedSignature[], hashes: readonly Hash[], keys: readonly PublicKey[], name: string, at: Date = new Date(),
): Promise<DetachedSigner> {
  const reasons: string[] = []
  for (const [index, packet] of packets.entries()) {
    const trailer = packet.calculateTrailer(null, true)
    packet.hashed = new Uint8Array(hashes[index]!.copy().update(packet.signatureData!).update(trailer).digest())
    const found = await findSigner(packet, keys, at)
    if (typeof found !== 'string') return found
    reasons.push(found)
  }
  throw new RocketError('SIGNATURE_INVALID', { what: `the signature ${name} does not hold`, why: [...new Set(reasons)].join('; ') })
}

/** The same for bytes at hand. */
export async function verifyDetached(
  bytes: Uint8Array, signature: { bytes: Uint8Array; name: string }, keys: readonly PublicKey[], at?: Date,
): Promise<DetachedSigner> {
  const check = await startDetachedCheck(signature.bytes, signature.name)
  check.update(bytes)
  return check.conclude(keys, at)
}

/** Whose signature this is, or why it counts for nothing. Keys are tried one by one, as two may have the same short ID. */
async function findSigner(packet: SignaturePacket, keys: readonly PublicKey[], at: Date): Promise<DetachedSigner | string> {
  const { createMessage, PacketList, Signature, verify } = await import('openpgp')
  const issuer = packet.issuerKeyID.toHex()
  const candidates = keys.filter(({ key }) => key.getKeys(packet.issuerKeyID).length > 0)
  let reason = `signature made by unknown entity: the key ${issuer.toUpperCase()} is not among those trusted for it`
  for (const key of candidates) {
    const list = new PacketList<SignaturePacket>()
    list.push(packet)
    const result = await verify({
      message: await createMessage({ binary: new Uint8Array() }), signature: new Signature(list), verificationKeys: key.key, date: at,
    })
    try {
      await result.signatures[0]!.verified
      const signedAt = packet.created?.toISOString()
      return { key, signer: { fingerprint: key.fingerprint, identities: key.identities, ...(signedAt === undefined ? {} : { signedAt }) } }
    } catch (error) {
      reason = `by ${groupFingerprint(key.fingerprint)}: ${lowerFirst((error as Error).message)}`
    }
  }
  return reason
}

async function readPackets(bytes: Uint8Array, name: string): Promise<HashedSignature[]> {
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

/** OpenPGP's names and Node's. */
const hashNames: Readonly<Record<string, string>> = { sha224: 'sha224', sha256: 'sha256', sha384: 'sha384', sha512: 'sha512', sha3_256: 'sha3-256', sha3_512: 'sha3-512' }

async function hashNameOf(packet: HashedSignature, name: string): Promise<string> {
  const { enums } = await import('openpgp')
  if (packet.signatureType !== enums.signature.binary) {
    throw unreadable(name, 'it is not over bytes as they are', undefined, 'sign with gpg --detach-sign, without --textmode')
  }
  const algorithm = enums.read(enums.hash, packet.hashAlgorithm!)
  return hashNames[algorithm] ?? refuse(unreadable(name, `its hash ${algorithm} is not accepted any more`))
}

function refuse(error: RocketError): never {
  throw error
}

function unreadable(name: string, why: string, cause?: unknown, hint?: string): RocketError {
  return new RocketError('SIGNATURE_UNREADABLE', {
    what: `the signature ${name} cannot be used`, why, cause, ...(hint === undefined ? {} : { hint }),
  })
}

function lowerFirst(text: string): string {
  return text.slice(0, 1).toLowerCase() + text.slice(1)
}
