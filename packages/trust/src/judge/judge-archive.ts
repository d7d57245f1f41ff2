import { isRocketError } from '@rocket/contracts'
import type { TrustedKey } from '../key-store/read-trusted-keys.ts'
import { formatScope } from '../key-store/key-files.ts'
import type { DetachedCheck } from '../openpgp/verify-detached.ts'
import { keysFor, type VerificationPlan } from '../policy/plan-verification.ts'
import { refuseRejected, refuseUnsigned, refuseUnverified, waived, type Judgement } from './judgement.ts'

export interface SignedArchive {
  /** Of the archive as served. */
  digest: string
  /** The check that saw all its bytes, and the signature itself. */
  signature: { check: Pick<DetachedCheck, 'conclude'>; bytes: Buffer }
  /** Trusted for the name. */
  keys: readonly TrustedKey[]
}

/** Whether an ACI may be taken, once it was read to its end. Throws SIGNATURE_REQUIRED, SIGNATURE_INVALID. Reference: rkt, "Signatures". */
export async function judgeArchive(plan: VerificationPlan, { digest, signature, keys }: SignedArchive): Promise<Judgement> {
  if (plan.verdict === 'accept') return waived(plan)
  refuseRejected(plan)
  const wanted = plan.requirements.filter((requirement) => requirement.kind === 'openpgp')
  if (wanted.length === 0) throw refuseUnsigned(plan, `${plan.reason} asks for a sigstore signature, which an ACI cannot have`)
  const reasons: string[] = []
  for (const requirement of wanted) {
    try {
      const { signer, key } = await signature.check.conclude(keysFor(requirement, keys))
      return {
        verdict: 'verified', method: 'openpgp', reason: `${plan.reason}: key of ${formatScope(scopeOf(keys, key.fingerprint))}`, name: plan.name, signer,
        signed: 'archive', digest, signature: signature.bytes.toString('base64'), key: Buffer.from(key.armored).toString('base64'),
      }
    } catch (error) {
      if (!isRocketError(error, 'SIGNATURE_INVALID')) throw error
      reasons.push(error.why ?? error.what)
    }
  }
  throw refuseUnverified(plan, reasons)
}

function scopeOf(keys: readonly TrustedKey[], fingerprint: string): TrustedKey['scope'] {
  return keys.find((key) => key.fingerprint === fingerprint)!.scope
}
