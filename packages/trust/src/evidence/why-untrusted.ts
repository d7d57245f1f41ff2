import { isRocketError, type Evidence } from '@rocket/contracts'
import type { Trust } from '../judge/trust.ts'
import { keysFor } from '../policy/plan-verification.ts'
import { verifySigstore } from '../sigstore/verify-signature.ts'
import { signatureOf } from './evidence-parts.ts'

/** Undefined when the policy of today would accept the same signature. */
export async function whyUntrusted(evidence: Evidence, trust: Trust): Promise<string | undefined> {
  const plan = trust.plan(evidence.name ?? '', { isWaived: false })
  if (plan.verdict === 'accept') return undefined
  for (const requirement of plan.requirements.filter(({ kind }) => kind === evidence.method)) {
    if (requirement.kind === 'openpgp') {
      const keys = keysFor(requirement, await trust.readKeys(plan.name))
      if (keys.some(({ fingerprint }) => fingerprint === evidence.signer?.fingerprint)) return undefined
    } else {
      try {
        await verifySigstore(signatureOf(evidence), [evidence.digest!], requirement, trust.readMaterial(requirement))
        return undefined
      } catch (error) {
        if (!isRocketError(error, 'SIGNATURE_INVALID')) throw error
      }
    }
  }
  const who = evidence.signer?.fingerprint ?? evidence.signer?.identities.join(', ')
  return `${who} is not trusted for ${plan.name} now: ${plan.reason}`
}
