import { createHash, type KeyObject } from 'node:crypto'
import { RocketError, type Signer, type SignatureRequirement } from '@rocket/contracts'
import type { Bundle } from '@sigstore/bundle'
import type { TrustedRoot } from '@sigstore/protobuf-specs'
import { printable } from '../openpgp/review-text.ts'
import { readSignedDigest } from './signed-digest.ts'
import { readKey, readRoot, type SigstoreTrust } from './sigstore-trust.ts'
import { largestBundleBytes, parseObject, unreadable, type SigstoreSignature } from './signature.ts'

export type SigstoreRequirement = Exclude<SignatureRequirement, { kind: 'openpgp' }>

/**
 * Who signed one of these digests, under this requirement. No network: certificates, log entries and timestamps stand in the bundle, and are
 * checked against the trusted root; what that root has a log for must be in the log. Throws SIGNATURE_INVALID and SIGNATURE_UNREADABLE with
 * the reason, KEY_INVALID for a key or root that is none.
 */
export async function verifySigstore(
  signature: SigstoreSignature, digests: readonly string[], requirement: SigstoreRequirement, trust: SigstoreTrust,
): Promise<{ signer: Signer; digest: string }> {
  const { source } = signature
  const bundle = await parseBundle(signature)
  const material = bundle.verificationMaterial
  const isByKey = material.content.$case === 'publicKey'
  if (isByKey !== (requirement.kind === 'sigstoreKey')) {
    throw invalid(source, isByKey ? 'it was made with a key and has no certificate, which the policy wants' : 'it was made with a certificate, and the policy wants a key')
  }
  const digest = readSignedDigest(bundle, signature)
  const signer = requirement.kind === 'sigstoreKey'
    ? await verifyWithKey(bundle, signature, requirement, trust) : await verifyIdentity(bundle, signature, requirement, trust)
  // Said last, so that only a signature that holds is said to be another image's.
  if (!digests.includes(digest)) throw invalid(source, `it is of another image, ${printable(digest).slice(0, 140)}`)
  // Without a root nobody has looked at the log.
  const signedAt = requirement.trustedRoot === undefined ? undefined : timeOf(bundle)
  return { digest, signer: { ...signer, ...(signedAt === undefined ? {} : { signedAt }) } }
}

async function verifyWithKey(
  bundle: Bundle, signature: SigstoreSignature, requirement: { key: string; trustedRoot?: string | undefined }, trust: SigstoreTrust,
): Promise<Signer> {
  const publicKey = readKey(trust.key, requirement.key)
  const root = requirement.trustedRoot === undefined ? undefined : await readRoot(trust.trustedRoot, requirement.trustedRoot)
  // Without a root nothing can be said of logs and timestamps, and nothing is asked of them.
  const looked = root === undefined
    ? { ...bundle, verificationMaterial: { ...bundle.verificationMaterial, tlogEntries: [], timestampVerificationData: undefined } } as Bundle : bundle
  if (root !== undefined) requireLogged(bundle, signature.source)
  await runVerifier(looked, signature, root, { tlogThreshold: root === undefined ? 0 : 1, ctlogThreshold: 0, timestampThreshold: 0 }, publicKey)
  return { fingerprint: createHash('sha256').update(publicKey.export({ type: 'spki', format: 'der' })).digest('hex'), identities: [] }
}

async function verifyIdentity(
  bundle: Bundle, signature: SigstoreSignature, requirement: { identity: string; issuer: string; trustedRoot: string }, trust: SigstoreTrust,
): Promise<Signer> {
  const root = await readRoot(trust.trustedRoot, requirement.trustedRoot)
  if (root.tlogs.length > 0) requireLogged(bundle, signature.source)
  const { identity } = await runVerifier(bundle, signature, root, {
    tlogThreshold: root.tlogs.length > 0 ? 1 : 0, ctlogThreshold: root.ctlogs.length > 0 ? 1 : 0, timestampThreshold: 1,
  })
  const name = identity?.subjectAlternativeName ?? ''
  const issuer = identity?.extensions?.issuer ?? ''
  if (issuer !== requirement.issuer) throw invalid(signature.source, `${printable(issuer)} vouches for its signer ${printable(name)}, wanted is ${requirement.issuer}`)
  if (!identityPattern(requirement.identity).test(name)) throw invalid(signature.source, `it was made by ${printable(name)}, wanted is ${requirement.identity}`)
  return { identities: [name], issuer }
}

async function runVerifier(
  bundle: Bundle, { payload, source }: SigstoreSignature, root: TrustedRoot | undefined,
  thresholds: { tlogThreshold: number; ctlogThreshold: number; timestampThreshold: number }, key?: KeyObject,
): Promise<ReturnType<import('@sigstore/verify').Verifier['verify']>> {
  const { toSignedEntity, toTrustMaterial, Verifier } = await import('@sigstore/verify')
  const { TrustedRoot: empty } = await import('@sigstore/protobuf-specs')
  const material = toTrustMaterial(root ?? empty.fromJSON({}), () => ({ publicKey: key!, validFor: () => true }))
  try {
    return new Verifier(material, thresholds).verify(toSignedEntity(bundle, payload))
  } catch (error) {
    throw invalid(source, reasonOf(error), error)
  }
}

async function parseBundle({ bundle, source }: SigstoreSignature): Promise<Bundle> {
  const { bundleFromJSON } = await import('@sigstore/bundle')
  if (bundle.length > largestBundleBytes) throw unreadable(source, `it has ${bundle.length} bytes, at most ${largestBundleBytes} are read`)
  const fields = parseObject(bundle, source)
  try {
    return bundleFromJSON(fields)
  } catch (cause) {
    const wrong = (cause as { fields?: unknown }).fields
    throw unreadable(source, `it is not a sigstore bundle${Array.isArray(wrong) ? `: ${wrong.join(', ')}` : ''}`, cause)
  }
}

function requireLogged(bundle: Bundle, source: string): void {
  if (bundle.verificationMaterial.tlogEntries.length === 0) throw invalid(source, 'it is in no transparency log: it has no Rekor entry')
}

/** `*` is any characters; everything else is itself. */
function identityPattern(identity: string): RegExp {
  return new RegExp(`^${identity.split(/\*+/).map((part) => part.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&')).join('.*')}$`, 's')
}

/** When the log took it, where the log signed that. */
function timeOf(bundle: Bundle): string | undefined {
  const [entry] = bundle.verificationMaterial.tlogEntries
  const seconds = entry?.inclusionPromise === undefined ? 0 : Number(entry.integratedTime)
  return seconds > 0 && seconds < 1e11 ? new Date(seconds * 1000).toISOString() : undefined
}

/** The library's words, from the outermost to the innermost. */
function reasonOf(error: unknown): string {
  const messages: string[] = []
  for (let layer = error; layer instanceof Error; layer = layer.cause) messages.push(layer.message.slice(0, 1).toLowerCase() + layer.message.slice(1))
  return printable(messages.join(': '))
}

function invalid(source: string, why: string, cause?: unknown): RocketError {
  return new RocketError('SIGNATURE_INVALID', { what: `the signature ${source} does not hold`, why, cause })
}
