import * as z from 'zod'
import { Digest, ImageId, Time } from '../common/schema.ts'

const Base64 = z.string().regex(/^[A-Za-z0-9+/]*={0,2}$/)

/** Who signed. */
export const Signer = z.strictObject({
  fingerprint: z.string().optional().meta({ description: 'of an OpenPGP key, 40 hex digits; of another key, the SHA-256 of its DER form' }),
  identities: z.array(z.string()).meta({ description: 'the user IDs of a key; the subject of a certificate' }),
  issuer: z.string().optional().meta({ description: 'who vouched for the identity of a certificate' }),
  signedAt: Time.optional().meta({ description: 'as the signature, or the log that holds it, says' }),
})
export type Signer = z.infer<typeof Signer>

/**
 * One verification of one image, or the decision to go without. Never changed; a later check is a further file. What is needed to check it
 * again without a network lies inside: signature, key or root, and the documents between what was signed and the image.
 */
export const Evidence = z.strictObject({
  version: z.literal(1),
  imageId: ImageId,
  checkedAt: Time,
  reference: z.string(),
  verdict: z.enum(['verified', 'waived']),
  method: z.enum(['openpgp', 'sigstoreKey', 'sigstoreIdentity', 'none']),
  reason: z.string().meta({ description: 'the option, the rule of the policy, or the key that allowed it' }),
  name: z.string().optional().meta({ description: 'the name that the policy was asked about' }),
  signer: Signer.optional(),
  signed: z.enum(['archive', 'digest']).optional().meta({ description: 'the bytes of an ACI as served, or the digest of a manifest or index' }),
  digest: Digest.optional().meta({ description: 'of the archive, manifest or index that was signed' }),
  signature: Base64.optional().meta({ description: 'base64 of a detached OpenPGP signature, or of a sigstore bundle' }),
  payload: Base64.optional().meta({ description: 'base64 of the document that names the digest, where a signature is over one' }),
  indexes: z.array(Base64).optional().meta({ description: 'base64 of the indexes that lead from the signed digest to the manifest of the image' }),
  key: Base64.optional().meta({ description: 'base64 of the public key it was checked with, armored or PEM' }),
  trustedRoot: Base64.optional().meta({ description: 'base64 of the trusted root it was checked with' }),
  source: z.string().meta({ description: 'where the bytes came from, without credentials' }),
}).meta({ title: 'Evidence', file: 'evidence/<imageId>/<n>.json', writer: 'fetch', readers: ['cli'] })
export type Evidence = z.infer<typeof Evidence>
