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
 * Gets the signature first, so that an image without one is not even asked for, unless a rule of the policy takes images without: then the
 * name, which stands inside, decides. Throws SIGNATURE_REQUIRED, SIGNATURE_UNREADABLE, CONFIG_INVALID. Reference: rkt, "Signatures".
 */
export async function openAciCheck(signature: AciSignature, session: Session): Promise<AciCheck> {
  if (session.request.insecure.image) return { through: (source) => source, conclude: async () => waivedByOption }
  const { judgeArchive, startDeferredCheck, startDetachedCheck } = await import('@rocket/trust')
  const trust = await session.trust()
  const read = await readOrDecideLater(signature, trust.mayAcceptUnsigned())
  const known = Buffer.isBuffer(read) ? { bytes: read, check: await startDetachedCheck(read, signature.name) } : undefined
  const deferred = read === 'deferred' ? startDeferredCheck() : undefined

  return {
    through: (source) => passing(source, (chunk) => (known?.check ?? deferred)?.update(chunk)),
    conclude: async ({ name, digest }) => {
      const plan = trust.plan(name, { isWaived: false })
      const keys = plan.verdict === 'accept' ? [] : await trust.readKeys(name)
      const late = deferred === undefined || plan.verdict === 'accept' ? undefined : await readLate(signature)
      if (read instanceof RocketError && plan.verdict !== 'accept' && plan.requirements.length > 0) throw read
      const judged = await judgeArchive(plan, {
        digest, keys,
        signature: late === undefined ? known
          : { bytes: late, check: { conclude: (trusted) => deferred!.conclude({ bytes: late, name: signature.name }, trusted) } },
      })
      showSigner(judged, session)
      return judged
    },
  }
}

/** `deferred` when a server asks to come back, an error when there is none and the policy may do without. */
async function readOrDecideLater(signature: AciSignature, mayBeUnsigned: boolean): Promise<Buffer | 'deferred' | RocketError> {
  try {
    return await signature.read() ?? 'deferred'
  } catch (error) {
    if (mayBeUnsigned && error instanceof RocketError && error.code === 'SIGNATURE_REQUIRED') return error
    throw error
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
