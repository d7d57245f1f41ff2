import { createHash, generateKeyPairSync, sign, type KeyObject } from 'node:crypto'
import { initializeCA, initializeCTLog, initializeTLog, initializeTSA } from '@sigstore/mock'

/** Who vouches, and for whom, where nothing else is said. */
export const someone = { identity: 'https://github.com/example/web/.github/workflows/release.yml@refs/tags/v1', issuer: 'https://token.example.com' }

export interface CosignLayer {
  payload: Buffer
  annotations: Record<string, string>
}

export interface SignOptions {
  identity?: string
  issuer?: string
  /** Without an entry in the log. */
  unlogged?: boolean
  /** With a timestamp of an authority. */
  timestamped?: boolean
}

/** A certificate authority, a certificate log and a transparency log with keys of their own: what sigstore runs for the world. */
export interface SigstoreWorld {
  /** JSON, as `cosign trusted-root create` writes it. */
  trustedRoot: Buffer
  /** As `cosign sign` does it without a key, in its first format. */
  signLayer(digest: string, options?: SignOptions): Promise<CosignLayer>
  /** The same as a bundle around a statement, cosign's format today. */
  signBundle(digest: string, options?: SignOptions & { predicateType?: string }): Promise<Buffer>
  /** An entry of the log for a signature with a key. */
  logLayer(layer: CosignLayer, publicKey: KeyObject): Promise<CosignLayer>
}

/** `clock` is what the transparency log and the timestamp authority take for the time; certificates are issued now and last ten minutes. */
export async function makeWorld(options: { clock?: Date; withoutLogs?: boolean } = {}): Promise<SigstoreWorld> {
  const [caKeys, certificateLogKeys, logKeys, timeKeys] = [newKeys(), newKeys(), newKeys(), newKeys()]
  const certificateLog = await initializeCTLog(certificateLogKeys)
  const authority = await initializeCA(caKeys, certificateLog)
  const log = await initializeTLog('https://rekor.example.com', logKeys, options.clock)
  const timeAuthority = await initializeTSA(timeKeys, options.clock)

  const issue = async (publicKey: KeyObject, { identity = someone.identity, issuer = someone.issuer }: SignOptions): Promise<Buffer> => (
    Buffer.from(await authority.issueCertificate({
      publicKey: publicKey.export({ type: 'spki', format: 'der' }), subjectAltName: identity,
      extensions: [{ oid: '1.3.6.1.4.1.57264.1.8', value: issuer }],
    }) as Uint8Array)
  )
  const enter = async (entry: object): Promise<LogEntry> => Object.values(await log.log(entry) as unknown as Record<string, LogEntry>)[0]!
  const logLayer = async ({ payload, annotations }: CosignLayer, verifier: string): Promise<CosignLayer> => {
    const { body, integratedTime, logID, logIndex, verification } = await enter({
      apiVersion: '0.0.1', kind: 'hashedrekord', spec: {
        signature: { content: annotations['dev.cosignproject.cosign/signature'], publicKey: { content: Buffer.from(verifier).toString('base64') } },
        data: { hash: { algorithm: 'sha256', value: sha256(payload).toString('hex') } },
      },
    })
    const bundle = { SignedEntryTimestamp: verification.signedEntryTimestamp, Payload: { body, integratedTime, logIndex, logID } }
    return { payload, annotations: { ...annotations, 'dev.sigstore.cosign/bundle': JSON.stringify(bundle) } }
  }

  return {
    trustedRoot: Buffer.from(JSON.stringify({
      mediaType: 'application/vnd.dev.sigstore.trustedroot+json;version=0.1',
      certificateAuthorities: [{
        subject: { organization: 'sigstore.mock', commonName: 'sigstore' }, uri: 'https://fulcio.example.com',
        certChain: { certificates: [{ rawBytes: encode(authority.rootCertificate) }] }, validFor: { start: '2020-01-01T00:00:00Z' },
      }],
      timestampAuthorities: [{
        subject: { organization: 'sigstore.mock', commonName: 'tsa' }, validFor: { start: '2020-01-01T00:00:00Z' },
        certChain: { certificates: [{ rawBytes: encode(timeAuthority.intCertificate) }, { rawBytes: encode(timeAuthority.rootCertificate) }] },
      }],
      tlogs: options.withoutLogs === true ? [] : [logInstance(logKeys.publicKey)], ctlogs: [logInstance(certificateLogKeys.publicKey)],
    })),
    logLayer: (layer, publicKey) => logLayer(layer, pem(publicKey)),
    signLayer: async (digest, options = {}) => {
      const { publicKey, privateKey } = newKeys()
      const certificate = pemOf(await issue(publicKey, options))
      const { payload, annotations } = signWithKey(digest, privateKey)
      const layer = { payload, annotations: { ...annotations, 'dev.sigstore.cosign/certificate': certificate } }
      return options.unlogged === true ? layer : logLayer(layer, certificate)
    },
    signBundle: async (digest, options = {}) => {
      const { publicKey, privateKey } = newKeys()
      const certificate = await issue(publicKey, options)
      const envelope = signStatement(digest, privateKey, options.predicateType)
      const timestamp = options.timestamped === true ? await timeAuthority.timestamp({
        artifactHash: sha256(Buffer.from(envelope.signatures[0]!.sig, 'base64')), hashAlgorithmOID: '2.16.840.1.101.3.4.2.1', nonce: 1,
        policyOID: '1.3.6.1.4.1.57264.2', certReq: true,
      }) : undefined
      const { body, integratedTime, logID, logIndex, verification: { signedEntryTimestamp, inclusionProof } } = await enter({
        apiVersion: '0.0.1', kind: 'dsse', spec: {
          envelopeHash: { algorithm: 'sha256', value: sha256(Buffer.from(JSON.stringify(envelope))).toString('hex') },
          payloadHash: { algorithm: 'sha256', value: sha256(Buffer.from(envelope.payload, 'base64')).toString('hex') },
          signatures: [{ signature: envelope.signatures[0]!.sig, verifier: Buffer.from(pemOf(certificate)).toString('base64') }],
        },
      })
      return Buffer.from(JSON.stringify({
        mediaType: 'application/vnd.dev.sigstore.bundle.v0.3+json', dsseEnvelope: envelope,
        verificationMaterial: {
          certificate: { rawBytes: certificate.toString('base64') },
          ...(timestamp === undefined ? {} : { timestampVerificationData: { rfc3161Timestamps: [{ signedTimestamp: encode(timestamp) }] } }),
          tlogEntries: options.unlogged === true ? [] : [{
            logIndex: String(logIndex), logId: { keyId: Buffer.from(logID, 'hex').toString('base64') }, kindVersion: { kind: 'dsse', version: '0.0.1' },
            integratedTime: String(integratedTime), inclusionPromise: { signedEntryTimestamp }, canonicalizedBody: body,
            inclusionProof: {
              logIndex: String(inclusionProof.logIndex), rootHash: Buffer.from(inclusionProof.rootHash, 'hex').toString('base64'),
              treeSize: String(inclusionProof.treeSize), hashes: [], checkpoint: { envelope: inclusionProof.checkpoint },
            },
          }],
        },
      }))
    },
  }
}

interface LogEntry {
  body: string
  integratedTime: number
  logID: string
  logIndex: number
  verification: { signedEntryTimestamp: string; inclusionProof: { logIndex: number; rootHash: string; treeSize: number; checkpoint: string } }
}

export function newKeys(): { publicKey: KeyObject; privateKey: KeyObject } {
  return generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
}

export function pem(key: KeyObject): string {
  return key.export({ type: 'spki', format: 'pem' }) as string
}

/** As `cosign sign --key`, in its first format. */
export function signWithKey(digest: string, privateKey: KeyObject): CosignLayer {
  const payload = Buffer.from(JSON.stringify({
    critical: { identity: { 'docker-reference': 'registry.example.com/web' }, image: { 'docker-manifest-digest': digest }, type: 'cosign container image signature' },
    optional: null,
  }))
  return { payload, annotations: { 'dev.cosignproject.cosign/signature': sign('sha256', payload, privateKey).toString('base64') } }
}

/** As `cosign sign --key` today: a bundle around a statement, outside of any log. */
export function signBundleWithKey(digest: string, privateKey: KeyObject): Buffer {
  return Buffer.from(JSON.stringify({
    mediaType: 'application/vnd.dev.sigstore.bundle.v0.3+json', dsseEnvelope: signStatement(digest, privateKey),
    verificationMaterial: { publicKey: { hint: 'its fingerprint' }, tlogEntries: [] },
  }))
}

function signStatement(digest: string, privateKey: KeyObject, predicateType = 'https://sigstore.dev/cosign/sign/v1'): {
  payload: string
  payloadType: string
  signatures: { sig: string }[]
} {
  const payload = Buffer.from(JSON.stringify({
    _type: 'https://in-toto.io/Statement/v1', subject: [{ digest: { sha256: digest.replace('sha256:', '') } }], predicateType, predicate: {},
  }))
  const payloadType = 'application/vnd.in-toto+json'
  // DSSE's pre-authentication encoding.
  const signed = Buffer.concat([Buffer.from(`DSSEv1 ${payloadType.length} ${payloadType} ${payload.length} `), payload])
  return { payload: payload.toString('base64'), payloadType, signatures: [{ sig: sign('sha256', signed, privateKey).toString('base64') }] }
}

function logInstance(publicKey: KeyObject): object {
  const der = publicKey.export({ type: 'spki', format: 'der' })
  return {
    baseUrl: 'https://rekor.example.com', hashAlgorithm: 'SHA2_256', logId: { keyId: sha256(der).toString('base64') },
    publicKey: { rawBytes: der.toString('base64'), keyDetails: 'PKIX_ECDSA_P256_SHA_256', validFor: { start: '2020-01-01T00:00:00Z' } },
  }
}

function pemOf(der: Buffer): string {
  return `-----BEGIN CERTIFICATE-----\n${der.toString('base64').replace(/.{64}/g, '$&\n')}\n-----END CERTIFICATE-----\n`
}

function encode(bytes: ArrayBufferView): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64')
}

function sha256(bytes: Uint8Array): Buffer {
  return createHash('sha256').update(bytes).digest()
}
