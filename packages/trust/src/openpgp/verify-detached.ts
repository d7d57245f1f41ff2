import { createHash, type Hash } from 'node:crypto'
import { RocketError, type Signer } from '@rocket/contracts'
import type { SignaturePacket } from 'openpgp'
import { hashNameOf, hashNames, readPackets, unreadable, type HashedSignature } from './read-signature.ts'
import { groupFingerprint } from './review-text.ts'
import type { PublicKey } from './read-public-key.ts'

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
  const hashes = new Map(hashNames.map((name) => [name, createHash(name)]))
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

function lowerFirst(text: string): string {
  return text.slice(0, 1).toLowerCase() + text.slice(1)
}
