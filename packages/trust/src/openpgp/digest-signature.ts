import { isRocketError } from '@rocket/contracts'
import type { PublicKey } from './read-public-key.ts'
import { verifyDetached, type DetachedSigner } from './verify-detached.ts'

/**
 * A detached signature over the text of a digest, with a line feed behind it or without, as the tools that print digests leave it. Which of
 * the digests it is over is found out. Throws SIGNATURE_INVALID, SIGNATURE_UNREADABLE.
 */
export async function verifyDigestSignature<K extends PublicKey>(
  digests: readonly string[], signature: { bytes: Buffer; name: string }, keys: readonly K[], at?: Date,
): Promise<DetachedSigner & { digest: string }> {
  let refusal: unknown
  for (const digest of digests) {
    for (const text of [digest, `${digest}\n`]) {
      try {
        return { ...await verifyDetached(Buffer.from(text), signature, keys, at), digest }
      } catch (error) {
        if (!isRocketError(error, 'SIGNATURE_INVALID')) throw error
        refusal = error
      }
    }
  }
  throw refusal
}
