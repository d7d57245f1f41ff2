import * as z from 'zod'
import { AbsolutePath } from '../common/schema.ts'

/** What one signature must be. `trustedRoot` is a file in sigstore's TrustedRoot JSON: certificate authorities, logs, timestamp authorities. */
export const SignatureRequirement = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('openpgp'),
    fingerprints: z.array(z.string().regex(/^[0-9a-f]{40}$/)).min(1).optional()
      .meta({ description: 'of the keys that `rkt trust` stored for the name, only these; absent: any of them' }),
  }),
  z.strictObject({
    kind: z.literal('sigstoreKey'),
    key: AbsolutePath.meta({ description: 'a public key in PEM, as `cosign generate-key-pair` writes it' }),
    trustedRoot: AbsolutePath.optional().meta({ description: 'when given, a transparency log of this root must have the signature' }),
  }),
  z.strictObject({
    kind: z.literal('sigstoreIdentity'),
    identity: z.string().min(1).meta({ description: 'subject of the certificate: an e-mail address or URI; `*` stands for any characters' }),
    issuer: z.string().min(1).meta({ description: 'who vouched for the identity, letter by letter' }),
    trustedRoot: AbsolutePath,
  }),
])
export type SignatureRequirement = z.infer<typeof SignatureRequirement>

/** The rule with the longest prefix that a name has counts; a prefix ends where a component of the name ends. */
export const PolicyRule = z.strictObject({
  prefix: z.string().regex(/^$|^[^/\s](.*[^/\s])?$/).meta({ description: 'of the image name, as `registry.example.com/team`; empty: every image' }),
  require: z.union([z.literal('nothing'), z.literal('reject'), z.array(SignatureRequirement).min(1)])
    .meta({ description: 'signatures of which one suffices, no signature at all, or no image of this name' }),
})
export type PolicyRule = z.infer<typeof PolicyRule>

/** A later configuration directory overrides the rule of an earlier one for the same prefix; the same prefix twice in one is refused. */
export const ImagePolicy = z.strictObject({
  rktVersion: z.literal('v1'),
  rktKind: z.literal('imagePolicy'),
  rules: z.array(PolicyRule),
}).meta({ title: 'Image policy', file: 'policy.d/<name>.json', writer: 'the administrator', readers: ['fetch', 'cli'] })
export type ImagePolicy = z.infer<typeof ImagePolicy>
