import { RocketError } from '@rocket/contracts'
import type { Judgement } from '@rocket/trust'
import type { Session } from '../session.ts'
import { showSigner, waivedByOption } from './judgement.ts'

/** The check of one ACI, which sees its bytes as they are unpacked and judges it before it gets a name. */
export interface AciCheck {
  through(source: AsyncIterable<Buffer>): AsyncIterable<Buffer>
  /** Once all bytes were seen. Throws SIGNATURE_REQUIRED, SIGNATURE_INVALID, SIGNATURE_UNREADABLE, CONFIG_INVALID, KEY_INVALID. */
  conclude(image: { name: string; digest: string }): Promise<Judgement>
}

/** How the signature of an ACI is had, from a file or a server. */
export interface AciSignature {
  /** For messages. */
  name: string
  /** Undefined when a server asks to come back after the image. Throws SIGNATURE_REQUIRED when there is none. */
  read(): Promise<Buffer | undefined>
}

/**
 * Gets the signature first, so that an image without one is not even asked for. `asked` is the name by which the image was asked for and which
 * it is compared with: for such a name a rule may do without a signature. What an archive calls itself otherwise is a claim, and only says whose
 * signature it must have. Throws SIGNATURE_REQUIRED, SIGNATURE_UNREADABLE, CONFIG_INVALID. Reference: rkt, "Signatures".
 */
export async function openAciCheck(signature: AciSignature, asked: string | undefined, session: Session): Promise<AciCheck> {
  const waiving = (judgement: Judgement): AciCheck => ({ through: (source) => source, conclude: async () => judgement })
  if (session.request.insecure.image) return waiving(waivedByOption)
  const { judgeArchive, startDeferredCheck, startDetachedCheck } = await import('@rocket/trust')
  const trust = await session.trust()
  const known = asked === undefined ? undefined : trust.plan(asked, { isWaived: false })
  if (known?.verdict === 'accept') return waiving({ verdict: 'waived', method: 'none', reason: known.reason, name: known.name })

  const early = await signature.read()
  const check = early === undefined ? undefined : await startDetachedCheck(early, signature.name)
  const deferred = startDeferredCheck()
  return {
    through: (source) => passing(source, (chunk) => (check ?? deferred).update(chunk)),
    conclude: async ({ name, digest }) => {
      const plan = trust.plan(name, { isWaived: false, isClaimed: name !== asked })
      const bytes = early ?? await readLate(signature)
      const judged = await judgeArchive(plan, {
        digest, keys: await trust.readKeys(name),
        signature: { bytes, check: check ?? { conclude: (keys) => deferred.conclude({ bytes, name: signature.name }, keys) } },
      })
      showSigner(judged, session)
      return judged
    },
  }
}

async function readLate(signature: AciSignature): Promise<Buffer> {
  const bytes = await signature.read()
  if (bytes !== undefined) return bytes
  throw new RocketError('SIGNATURE_REQUIRED', {
    what: 'error downloading the signature file', why: 'server asked to defer the download again', hint: `${signature.name} has to be there when the image is`,
  })
}

async function* passing(source: AsyncIterable<Buffer>, see: (chunk: Buffer) => void): AsyncGenerator<Buffer, void, undefined> {
  for await (const chunk of source) {
    see(chunk)
    yield chunk
  }
}
