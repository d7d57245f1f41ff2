import * as z from 'zod'
import { ImageId, Time } from '../common/schema.ts'

/** One verification of one image, or the decision to go without. Never changed; a later check is a further file. */
export const Evidence = z.strictObject({
  version: z.literal(1),
  imageId: ImageId,
  checkedAt: Time,
  reference: z.string(),
  verdict: z.enum(['verified', 'waived']),
  method: z.enum(['openpgp', 'none']),
  reason: z.string().meta({ description: 'for waived: the option or configuration that allowed it' }),
  signer: z.strictObject({ fingerprint: z.string(), identities: z.array(z.string()) }).optional(),
  signature: z.string().optional().meta({ description: 'base64 of the signature' }),
  source: z.string().meta({ description: 'where the bytes came from, without credentials' }),
}).meta({ title: 'Evidence', file: 'evidence/<imageId>/<n>.json', writer: 'fetch', readers: ['cli'] })
export type Evidence = z.infer<typeof Evidence>
