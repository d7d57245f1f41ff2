import { RocketError, type Evidence } from '@rocket/contracts'
import type { VerificationPlan } from '../policy/plan-verification.ts'

/** What a verification adds to the evidence of an image. */
export type Judgement = Omit<Evidence, 'version' | 'imageId' | 'checkedAt' | 'reference' | 'source'>

export function waived({ reason, name }: VerificationPlan): Judgement {
  return { verdict: 'waived', method: 'none', reason, name }
}

/** No image of this name is taken, whatever its signatures. */
export function refuseRejected({ verdict, requirements, name, reason }: VerificationPlan): void {
  if (verdict !== 'reject' || requirements.length > 0) return
  throw new RocketError('SIGNATURE_REQUIRED', {
    what: `no image named ${name} is accepted`, why: reason, hint: `rkt image policy check ${name} explains it`,
  })
}

/** So many signatures are told of: anybody may have added more. */
const mostTold = 8

/** Of all that was tried: the reasons, and what to do about it. */
export function refuseUnverified({ name }: VerificationPlan, reasons: readonly string[]): RocketError {
  const all = [...new Set(reasons)]
  const more = all.length > mostTold ? [`and ${all.length - mostTold} more`] : []
  return new RocketError('SIGNATURE_INVALID', {
    what: `the signature of ${name} was not accepted`, why: [...all.slice(0, mostTold), ...more].join('; '),
    hint: `if you expected the signing key to change, try running: rkt trust --prefix ${name}; rkt image policy check ${name} tells who is trusted`,
  })
}

/** For want of a signature, or of anybody who may give one. */
export function refuseUnsigned({ name }: VerificationPlan, why: string): RocketError {
  return new RocketError('SIGNATURE_REQUIRED', {
    what: `the image ${name} was not stored`, why,
    hint: `rkt image policy check ${name} tells what it must have; --insecure-options=image takes it without a check`,
  })
}
