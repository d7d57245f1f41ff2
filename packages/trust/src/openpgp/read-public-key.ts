import { RocketError } from '@rocket/contracts'
import type { Key } from 'openpgp'

export interface PublicKey {
  /** 40 lower-case hex digits (64 for keys of version 6). */
  fingerprint: string
  subkeys: string[]
  /** User IDs, `Name <address>`. */
  identities: string[]
  /** The key alone, as a key store holds it. */
  armored: string
  key: Key
}

/** More than any key with its signatures has. */
export const largestKeyBytes: number = 4 << 20

/**
 * The public keys of a file, armored or binary, in its order. `name` is where they come from, for messages. Throws KEY_INVALID, also for
 * private keys: nobody should hand those around.
 */
export async function readPublicKeys(bytes: Uint8Array, name: string): Promise<PublicKey[]> {
  const { readKeys } = await import('openpgp')
  let keys: Key[]
  try {
    const text = Buffer.from(bytes).toString('latin1')
    keys = text.includes('-----BEGIN PGP') ? await readKeys({ armoredKeys: text }) : await readKeys({ binaryKeys: new Uint8Array(bytes) })
  } catch (cause) {
    throw keyInvalid(name, 'it is no OpenPGP key', cause)
  }
  if (keys.length === 0) throw keyInvalid(name, 'it holds no OpenPGP key')
  if (keys.some((key) => key.isPrivate())) throw keyInvalid(name, 'it holds a private key: export the public one with gpg --export --armor')
  return keys.map((key) => ({
    fingerprint: key.getFingerprint(),
    subkeys: key.getSubkeys().map((subkey) => subkey.getFingerprint()),
    identities: key.getUserIDs(),
    armored: key.armor(),
    key,
  }))
}

export function keyInvalid(name: string, why: string, cause?: unknown): RocketError {
  return new RocketError('KEY_INVALID', { what: `the key ${name} cannot be used`, why, cause })
}
