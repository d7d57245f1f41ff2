import { isDeepStrictEqual } from 'node:util'
import type { Evidence } from '@rocket/contracts'
import { readEvidence, type Store } from '@rocket/store'
import type { Judgement } from '@rocket/trust'
import type { Session, StoreWriter } from '../session.ts'

export const waivedByOption: Judgement = { verdict: 'waived', method: 'none', reason: '--insecure-options=image' }

/** As rkt: the people who vouch for an image, one to a line. What a key says of its owner is a stranger's text. */
export function showSigner({ signer }: Judgement, session: Session): void {
  if (signer === undefined) return
  const names = [...signer.identities, ...(signer.identities.length === 0 ? [`key ${signer.fingerprint}`] : [])]
  const lines = names.map((name) => `\n  ${name.replace(/[\p{Cc}\p{Cf}]/gu, '?')}`)
  session.context.warn(`signature verified:${lines.join('')}`)
  if (session.request.insecure.tls) session.context.warn('warning: TLS verification has been disabled')
}

/** One more file of evidence, unless it would say what the newest says already. */
export function keepEvidence(
  judgement: Judgement, { imageId, reference, source }: { imageId: string; reference: string; source: string }, store: Store,
  writer: Pick<StoreWriter, 'addEvidence'>,
): void {
  const evidence: Evidence = { version: 1, imageId, checkedAt: new Date().toISOString(), reference, ...judgement, source }
  const newest = readEvidence(store, imageId).at(-1)?.evidence
  if (newest !== undefined && isDeepStrictEqual({ ...newest, checkedAt: '' }, { ...evidence, checkedAt: '' })) return
  writer.addEvidence(store, evidence)
}

/** An image that came in by the option alone has nothing that an answer of `unchanged` could stand for. */
export function wasChecked(store: Store, imageId: string): boolean {
  return readEvidence(store, imageId).some(({ evidence }) => evidence.reason !== waivedByOption.reason)
}
