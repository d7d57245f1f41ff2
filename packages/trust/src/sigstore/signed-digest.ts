import { createHash } from 'node:crypto'
import type { Bundle } from '@sigstore/bundle'
import { parseObject, unreadable, type SigstoreSignature } from './signature.ts'

const inToto = 'application/vnd.in-toto+json'
/** An attestation says something else about an image than that somebody stands for it: an inventory, a scan. */
const signPredicate = 'https://sigstore.dev/cosign/sign/v1'
const simpleTypes: readonly unknown[] = ['cosign container image signature', 'atomic container signature']

/**
 * The digest that a signature is for, as the very bytes say that the signature is over. Throws SIGNATURE_UNREADABLE. Spec: containers/image,
 * "Simple Signing"; in-toto attestation, "Statement".
 */
export function readSignedDigest(bundle: Bundle, { payload, source }: SigstoreSignature): string {
  const { content } = bundle
  if (content.$case === 'dsseEnvelope') return readStatement(content.dsseEnvelope, source)
  if (payload === undefined) throw unreadable(source, 'what it is over is not beside it')
  const { algorithm, digest } = content.messageSignature.messageDigest
  // The log is compared with the digest that the bundle claims: that has to be the payload's.
  if (algorithm !== 1 || !digest.equals(createHash('sha256').update(payload).digest())) throw unreadable(source, 'its digest is not that of its payload')
  const critical = parseObject(payload, source)['critical'] as { type?: unknown; image?: Readonly<Record<string, unknown>> } | undefined
  const signed = critical?.image?.['docker-manifest-digest']
  if (!simpleTypes.includes(critical?.type) || typeof signed !== 'string') throw unreadable(source, 'its payload names no image')
  return signed
}

function readStatement({ payload, payloadType }: { payload: Buffer; payloadType: string }, source: string): string {
  if (payloadType !== inToto) throw unreadable(source, `it is over ${JSON.stringify(payloadType)}, which is no statement`)
  const { predicateType, subject } = parseObject(payload, source)
  if (predicateType !== signPredicate) throw unreadable(source, `it is an attestation of ${JSON.stringify(predicateType)}, no signature of the image`)
  const subjects = Array.isArray(subject) ? subject as { digest?: { sha256?: unknown } }[] : []
  const sha256 = subjects[0]?.digest?.sha256
  if (subjects.length !== 1 || typeof sha256 !== 'string') throw unreadable(source, 'its statement is not about one image')
  return `sha256:${sha256}`
}
