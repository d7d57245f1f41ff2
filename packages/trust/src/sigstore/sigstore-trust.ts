import { createPublicKey, type KeyObject } from 'node:crypto'
import { RocketError } from '@rocket/contracts'
import type { TrustedRoot } from '@sigstore/protobuf-specs'

/** The files that a requirement names, read. */
export interface SigstoreTrust {
  /** PEM. */
  key?: Buffer
  /** JSON. */
  trustedRoot?: Buffer
}

/** Throws KEY_INVALID for a root that trusts nobody. */
export async function readRoot(bytes: Buffer | undefined, name: string): Promise<TrustedRoot> {
  const { TrustedRoot: format } = await import('@sigstore/protobuf-specs')
  try {
    const root = format.fromJSON(JSON.parse(bytes!.toString('utf8')))
    if (root.certificateAuthorities.length + root.tlogs.length > 0) return root
  } catch (cause) {
    throw new RocketError('KEY_INVALID', { what: `the trusted root ${name} cannot be used`, why: (cause as Error).message, cause })
  }
  throw new RocketError('KEY_INVALID', { what: `the trusted root ${name} cannot be used`, why: 'it holds no certificate authority and no log' })
}

/** Throws KEY_INVALID. */
export function readKey(bytes: Buffer | undefined, name: string): KeyObject {
  try {
    const pem = bytes!.toString('latin1')
    if (pem.includes('PRIVATE KEY')) throw new Error('it is a private key')
    return createPublicKey(pem)
  } catch (cause) {
    throw new RocketError('KEY_INVALID', { what: `the key ${name} cannot be used`, why: (cause as Error).message, hint: 'it must be a public key in PEM', cause })
  }
}
