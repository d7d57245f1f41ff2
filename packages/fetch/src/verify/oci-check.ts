import type { ChainLink, Judgement, SigstoreSignature } from '@rocket/trust'
import type { Session } from '../session.ts'
import { showSigner, waivedByOption } from './judgement.ts'
import { readSignatureFile } from './signature-places.ts'

export interface OciIdentity {
  /** `REGISTRY/REPOSITORY`, or what an archive says of itself. */
  name: string
  isClaimed: boolean
  /** A detached OpenPGP signature over a digest, by `--signature`. */
  signatureFile: string | undefined
}

/** The check of one OCI image, by its manifest: no layer has been asked for. */
export interface OciCheck {
  /** `find` looks for sigstore's signatures where the image lies. Throws SIGNATURE_REQUIRED, SIGNATURE_INVALID, CONFIG_INVALID, KEY_INVALID. */
  judge(chain: readonly ChainLink[], find: () => Promise<SigstoreSignature[]>): Promise<Judgement>
}

/**
 * Refuses what cannot be accepted before anybody is asked: a name that the policy rejects, one that nobody is trusted for, a signature file
 * that is not there. Throws SIGNATURE_REQUIRED, CONFIG_INVALID.
 */
export async function openOciCheck({ name, isClaimed, signatureFile }: OciIdentity, session: Session): Promise<OciCheck> {
  if (session.request.insecure.image) return { judge: async () => waivedByOption }
  const { judgeDigest, refuseUnsigned } = await import('@rocket/trust')
  const trust = await session.trust()
  const plan = trust.plan(name, { isWaived: false, isClaimed })
  if (plan.verdict === 'reject') throw refuseUnsigned(plan, plan.reason)
  const openpgp = signatureFile === undefined ? undefined : { bytes: readSignatureFile(signatureFile), name: signatureFile }
  return {
    judge: async (chain, find) => {
      const judged = await judgeDigest(plan, chain, { openpgp, sigstore: remembered(find) }, trust)
      showSigner(judged, session)
      return judged
    },
  }
}

/** Several requirements look at the same signatures. */
function remembered<T>(find: () => Promise<T>): () => Promise<T> {
  let found: Promise<T> | undefined
  return () => (found ??= find())
}
