import { isRocketError, type SignatureRequirement } from '@rocket/contracts'
import type { TrustedKey } from '../key-store/read-trusted-keys.ts'
import { formatScope } from '../key-store/key-files.ts'
import { verifyDigestSignature } from '../openpgp/digest-signature.ts'
import { keysFor, type VerificationPlan } from '../policy/plan-verification.ts'
import type { SigstoreSignature } from '../sigstore/signature.ts'
import { verifySigstore } from '../sigstore/verify-signature.ts'
import { refuseRejected, refuseUnsigned, refuseUnverified, waived, type Judgement } from './judgement.ts'
import type { Trust } from './trust.ts'

/** A manifest or index with its digest. */
export interface ChainLink {
  digest: string
  bytes: Buffer
}

export interface FoundSignatures {
  /** Detached, over the text of a digest. */
  openpgp: { bytes: Buffer; name: string } | undefined
  /** Asked when a requirement needs them: they may lie in a registry. */
  sigstore(): Promise<SigstoreSignature[]>
}

/**
 * Whether an OCI image may be taken. `chain` leads from what its name means, an index perhaps, to its manifest: each of them names the next
 * by digest, so a signature over any stands for the image. Throws SIGNATURE_REQUIRED, SIGNATURE_INVALID with a reason for every signature.
 */
export async function judgeDigest(
  plan: VerificationPlan, chain: readonly ChainLink[], signatures: FoundSignatures, trust: Pick<Trust, 'readKeys' | 'readMaterial'>,
): Promise<Judgement> {
  if (plan.verdict === 'accept') return waived(plan)
  refuseRejected(plan)
  const reasons: string[] = []
  for (const requirement of plan.requirements) {
    const found = requirement.kind === 'openpgp' ? await tryOpenpgp(requirement, plan, chain, signatures, trust, reasons)
      : await trySigstore(requirement, plan, chain, signatures, trust, reasons)
    if (found !== undefined) return found
  }
  throw reasons.length > 0 ? refuseUnverified(plan, reasons) : refuseUnsigned(plan, `it has no signature of the kind that is wanted: ${plan.reason}`)
}

async function tryOpenpgp(
  requirement: Extract<SignatureRequirement, { kind: 'openpgp' }>, plan: VerificationPlan, chain: readonly ChainLink[],
  { openpgp }: FoundSignatures, trust: Pick<Trust, 'readKeys'>, reasons: string[],
): Promise<Judgement | undefined> {
  if (openpgp === undefined) return undefined
  const keys = keysFor(requirement, await trust.readKeys(plan.name))
  const found = await noting(reasons, () => verifyDigestSignature(chain.map(({ digest }) => digest), openpgp, keys))
  if (found === undefined) return undefined
  const { scope } = found.key as TrustedKey
  return {
    verdict: 'verified', method: 'openpgp', reason: `${plan.reason}: key of ${formatScope(scope)}`, name: plan.name, signer: found.signer,
    ...signed(chain, found.digest), signature: openpgp.bytes.toString('base64'), key: Buffer.from(found.key.armored).toString('base64'),
  }
}

async function trySigstore(
  requirement: Exclude<SignatureRequirement, { kind: 'openpgp' }>, plan: VerificationPlan, chain: readonly ChainLink[],
  signatures: FoundSignatures, trust: Pick<Trust, 'readMaterial'>, reasons: string[],
): Promise<Judgement | undefined> {
  const material = trust.readMaterial(requirement)
  for (const signature of await signatures.sigstore()) {
    const found = await noting(reasons, () => verifySigstore(signature, chain.map(({ digest }) => digest), requirement, material))
    if (found === undefined) continue
    const { key, trustedRoot } = material
    return {
      verdict: 'verified', method: requirement.kind, reason: plan.reason, name: plan.name, signer: found.signer, ...signed(chain, found.digest),
      signature: signature.bundle.toString('base64'),
      ...(signature.payload === undefined ? {} : { payload: signature.payload.toString('base64') }),
      ...(key === undefined ? {} : { key: key.toString('base64') }),
      ...(trustedRoot === undefined ? {} : { trustedRoot: trustedRoot.toString('base64') }),
    }
  }
  return undefined
}

/** One bad signature among good ones says nothing: anybody can add one. */
async function noting<T>(reasons: string[], verify: () => Promise<T>): Promise<T | undefined> {
  try {
    return await verify()
  } catch (error) {
    if (!isRocketError(error, 'SIGNATURE_INVALID') && !isRocketError(error, 'SIGNATURE_UNREADABLE')) throw error
    reasons.push(error.message)
    return undefined
  }
}

/** What was signed, and the indexes that lead from there to the manifest. */
function signed(chain: readonly ChainLink[], digest: string): Pick<Judgement, 'signed' | 'digest' | 'indexes'> {
  const from = chain.findIndex((link) => link.digest === digest)
  const indexes = chain.slice(from, -1).map(({ bytes }) => bytes.toString('base64'))
  return { signed: 'digest', digest, ...(indexes.length === 0 ? {} : { indexes }) }
}
