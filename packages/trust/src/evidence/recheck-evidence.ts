import { createHash } from 'node:crypto'
import { isRocketError, type Evidence } from '@rocket/contracts'
import type { Trust } from '../judge/trust.ts'
import { verifyDigestSignature } from '../openpgp/digest-signature.ts'
import { readPublicKeys } from '../openpgp/read-public-key.ts'
import { startDetachedCheck } from '../openpgp/verify-detached.ts'
import { parseObject } from '../sigstore/signature.ts'
import { verifySigstore } from '../sigstore/verify-signature.ts'
import { broken, bytesOf, materialOf, requirementOf, signatureOf } from './evidence-parts.ts'
import { whyUntrusted } from './why-untrusted.ts'

/** The bytes of an image as the store has them, read and compared with its ID by the caller. */
export interface StoredImage {
  /** Of an OCI image. */
  manifest?: Buffer
  /** Of an ACI, as it was served. */
  archive?: AsyncIterable<Buffer>
}

export interface Rechecked {
  /** `untrusted`: the signature holds, and its signer would not be accepted today. */
  state: 'holds' | 'untrusted' | 'waived' | 'broken'
  why: string
}

/**
 * Checks a verification again, with what its evidence and the store hold: no network, no registry, at the time when it was made. Then whether
 * its signer is trusted now. Reads an archive to its end unless the evidence is a waiver. Throws nothing that is wrong with the evidence:
 * that is the answer.
 */
export async function recheckEvidence(evidence: Evidence, image: StoredImage, trust: Trust): Promise<Rechecked> {
  if (evidence.verdict === 'waived') return { state: 'waived', why: evidence.reason }
  try {
    await checkSignature(evidence, image)
  } catch (error) {
    if (!isRocketError(error)) throw error
    return { state: 'broken', why: error.message }
  }
  const why = await whyUntrusted(evidence, trust)
  return why === undefined ? { state: 'holds', why: evidence.reason } : { state: 'untrusted', why }
}

async function checkSignature(evidence: Evidence, image: StoredImage): Promise<void> {
  const { signed, method, signer } = evidence
  const at = new Date(evidence.checkedAt)
  let found
  if (method === 'openpgp' && signed === 'archive') {
    const check = await startDetachedCheck(bytesOf(evidence, 'signature'), 'in the evidence')
    const hash = createHash('sha256')
    for await (const chunk of image.archive ?? []) {
      hash.update(chunk)
      check.update(chunk)
    }
    if (`sha256:${hash.digest('hex')}` !== evidence.digest) throw broken(`the archive in the store does not have the digest ${evidence.digest} that was signed`)
    found = (await check.conclude(await readPublicKeys(bytesOf(evidence, 'key'), 'in the evidence'), at)).signer
  } else {
    checkChain(evidence, image)
    found = method === 'openpgp'
      ? (await verifyDigestSignature(
        [evidence.digest!], { bytes: bytesOf(evidence, 'signature'), name: 'in the evidence' },
        await readPublicKeys(bytesOf(evidence, 'key'), 'in the evidence'), at,
      )).signer
      : (await verifySigstore(signatureOf(evidence), [evidence.digest!], requirementOf(evidence), materialOf(evidence))).signer
  }
  if (JSON.stringify([found.fingerprint, found.identities, found.issuer]) === JSON.stringify([signer?.fingerprint, signer?.identities, signer?.issuer])) return
  throw broken('it was signed by somebody else than it says')
}

/** From what was signed to the manifest that the store has, each naming the next. */
function checkChain({ digest, indexes = [], imageId }: Evidence, { manifest }: StoredImage): void {
  if (manifest === undefined) throw broken(`the store has no manifest of ${imageId}`)
  const documents = [...indexes.map((text) => Buffer.from(text, 'base64')), manifest]
  let wanted: readonly unknown[] = [digest]
  for (const bytes of documents) {
    if (!wanted.some((one) => typeof one === 'string' && one === digestLike(one, bytes))) throw broken(`what was signed, ${digest}, does not lead to ${imageId}`)
    wanted = bytes === manifest ? [] : digestsIn(bytes)
  }
}

function digestLike(wanted: string, bytes: Buffer): string {
  const algorithm = wanted.startsWith('sha512:') ? 'sha512' : 'sha256'
  return `${algorithm}:${createHash(algorithm).update(bytes).digest('hex')}`
}

function digestsIn(index: Buffer): unknown[] {
  const { manifests } = parseObject(index, 'in the evidence') as { manifests?: { digest?: unknown }[] }
  return Array.isArray(manifests) ? manifests.map((entry) => entry?.digest) : []
}
