import { createHash } from 'node:crypto'
import { RocketError, scanJson } from '@rocket/contracts'

/** A signature as evidence keeps it: a sigstore bundle, and the document it is over where that is not inside. */
export interface SigstoreSignature {
  /** JSON of a bundle. */
  bundle: Buffer
  /** Of cosign's first format: the document that names the digest. */
  payload?: Buffer
  /** Where it was found, for messages. */
  source: string
}

/** More than a bundle with certificates and proofs has. */
export const largestBundleBytes: number = 1 << 20

/** The media type of a layer of cosign's signature images, and how those of bundles begin. */
export const simpleSigningType = 'application/vnd.dev.cosign.simplesigning.v1+json'
export const bundleTypePrefix = 'application/vnd.dev.sigstore.bundle'

type Annotations = Readonly<Record<string, string>>

/**
 * A signature of cosign's first format, a layer with annotations, as a bundle: what the layer holds is the payload. Throws
 * SIGNATURE_UNREADABLE. Spec: sigstore/cosign, specs/SIGNATURE_SPEC.md; bundles: sigstore/protobuf-specs, sigstore_bundle.proto.
 */
export function fromCosignLayer(payload: Buffer, annotations: Annotations, source: string): SigstoreSignature {
  const signature = annotations['dev.cosignproject.cosign/signature']
  if (signature === undefined) throw unreadable(source, 'its layer has no signature')
  const certificate = annotations['dev.sigstore.cosign/certificate']
  const log = annotations['dev.sigstore.cosign/bundle']
  const timestamp = annotations['dev.sigstore.cosign/rfc3161timestamp']
  const bundle = {
    mediaType: 'application/vnd.dev.sigstore.bundle+json;version=0.1',
    verificationMaterial: {
      ...(certificate === undefined || certificate === '' ? { publicKey: { hint: '' } }
        : { x509CertificateChain: { certificates: [{ rawBytes: derOf(certificate, source) }] } }),
      tlogEntries: log === undefined ? [] : [toLogEntry(parseObject(Buffer.from(log), source), source)],
      ...(timestamp === undefined ? {} : {
        timestampVerificationData: {
          rfc3161Timestamps: [{ signedTimestamp: text(parseObject(Buffer.from(timestamp), source), 'SignedRFC3161Timestamp', source) }],
        },
      }),
    },
    messageSignature: {
      messageDigest: { algorithm: 'SHA2_256', digest: createHash('sha256').update(payload).digest('base64') }, signature,
    },
  }
  return { bundle: Buffer.from(JSON.stringify(bundle)), payload, source }
}

/** JSON of strangers: an object, no key given twice. Throws SIGNATURE_UNREADABLE. */
export function parseObject(bytes: Buffer, source: string): Readonly<Record<string, unknown>> {
  const json = bytes.toString('utf8')
  const { fault, repeated, reserved } = scanJson(json)
  const odd = repeated ?? reserved
  if (fault !== undefined) throw unreadable(source, `it is not JSON: ${fault.why}`)
  if (odd !== undefined) throw unreadable(source, `it can be read in two ways, by its key ${JSON.stringify(odd.key)}`)
  const value: unknown = JSON.parse(json)
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw unreadable(source, 'it is not an object')
  return value as Readonly<Record<string, unknown>>
}

export function unreadable(source: string, why: string, cause?: unknown): RocketError {
  return new RocketError('SIGNATURE_UNREADABLE', { what: `the signature ${source} cannot be read`, why, cause })
}

/** Rekor's answer as cosign keeps it, with the promise that the log has the entry. */
function toLogEntry(log: Readonly<Record<string, unknown>>, source: string): object {
  const payload = log['Payload'] as Readonly<Record<string, unknown>> | undefined
  if (typeof payload !== 'object' || payload === null) throw unreadable(source, 'its log entry has no payload')
  const body = text(payload, 'body', source)
  const { kind, apiVersion } = parseObject(Buffer.from(body, 'base64'), source)
  return {
    logIndex: number(payload, 'logIndex', source),
    logId: { keyId: Buffer.from(text(payload, 'logID', source), 'hex').toString('base64') },
    kindVersion: { kind, version: apiVersion },
    integratedTime: number(payload, 'integratedTime', source),
    inclusionPromise: { signedEntryTimestamp: text(log, 'SignedEntryTimestamp', source) },
    canonicalizedBody: body,
  }
}

function derOf(pem: string, source: string): string {
  const base64 = /-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----/.exec(pem)?.[1]
  if (base64 === undefined) throw unreadable(source, 'its certificate is not PEM')
  return base64.replace(/\s/g, '')
}

function text(fields: Readonly<Record<string, unknown>>, name: string, source: string): string {
  const value = fields[name]
  if (typeof value === 'string') return value
  throw unreadable(source, `its ${name} is not a text`)
}

/** As text, which is how protobuf writes numbers of 64 bits. */
function number(fields: Readonly<Record<string, unknown>>, name: string, source: string): string {
  const value = fields[name]
  if (Number.isSafeInteger(value)) return String(value)
  throw unreadable(source, `its ${name} is not a number`)
}
