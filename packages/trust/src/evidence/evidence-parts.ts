import { RocketError, type Evidence } from '@rocket/contracts'
import type { SigstoreSignature } from '../sigstore/signature.ts'
import type { verifySigstore } from '../sigstore/verify-signature.ts'

export function signatureOf(evidence: Evidence): SigstoreSignature {
  return {
    bundle: bytesOf(evidence, 'signature'), source: 'in the evidence',
    ...(evidence.payload === undefined ? {} : { payload: bytesOf(evidence, 'payload') }),
  }
}

/** The requirement under which nobody but the recorded signer passes. */
export function requirementOf({ method, signer, trustedRoot }: Evidence): Parameters<typeof verifySigstore>[2] {
  const root = trustedRoot === undefined ? {} : { trustedRoot: 'in the evidence' }
  return method === 'sigstoreKey' ? { kind: method, key: 'in the evidence', ...root }
    : { kind: 'sigstoreIdentity', identity: signer?.identities[0] ?? '', issuer: signer?.issuer ?? '', trustedRoot: 'in the evidence' }
}

export function materialOf(evidence: Evidence): Parameters<typeof verifySigstore>[3] {
  return {
    ...(evidence.key === undefined ? {} : { key: bytesOf(evidence, 'key') }),
    ...(evidence.trustedRoot === undefined ? {} : { trustedRoot: bytesOf(evidence, 'trustedRoot') }),
  }
}

export function bytesOf(evidence: Evidence, field: 'signature' | 'payload' | 'key' | 'trustedRoot'): Buffer {
  const text = evidence[field]
  if (text === undefined) throw broken(`it lacks its ${field}`)
  return Buffer.from(text, 'base64')
}

export function broken(why: string): RocketError {
  return new RocketError('EVIDENCE_INVALID', { what: 'the evidence does not hold', why })
}
