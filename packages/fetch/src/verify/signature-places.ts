import { isErrno, RocketError } from '@rocket/contracts'
import { readFileCapped } from '@rocket/host'
import { readBody } from '../http/read-body.ts'
import { redactUrl } from '../http/redact-url.ts'
import { isLoopbackHost } from '../http/redirect-guard.ts'
import type { Session } from '../session.ts'
import type { AciSignature } from './aci-check.ts'

const largestSignatureBytes = 1 << 20
const hint = '--insecure-options=image takes the image without a check'

/** `x.aci` has its signature in `x.aci.asc`, unless another file is named. */
export function signatureOfFile(path: string, given: string | undefined): AciSignature {
  const name = given ?? (path.endsWith('.aci') ? `${path}.asc` : `${path}.aci.asc`)
  return { name, read: async () => readSignatureFile(name) }
}

/** Throws SIGNATURE_REQUIRED in rkt's words when it is not there. */
export function readSignatureFile(path: string): Buffer {
  try {
    return readFileCapped(path, largestSignatureBytes)
  } catch (error) {
    const why = isErrno(error, 'ENOENT') ? `open ${path}: no such file or directory` : (error as Error).message
    throw new RocketError('SIGNATURE_REQUIRED', { what: 'error opening signature file', why, hint, cause: new Error(why, { cause: error }) })
  }
}

/**
 * The same of a URL, from its server, unless a file is named. A server that is not done signing answers 202: then the image comes first.
 * Throws SIGNATURE_REQUIRED for every other answer than 200, and what the http client throws. Reference: rkt, "Signatures".
 */
export function signatureOfUrl(url: URL, given: string | undefined, session: Session): AciSignature {
  if (given !== undefined) return signatureOfFile(url.pathname, given)
  const signatureUrl = new URL(url)
  signatureUrl.pathname = `${url.pathname}.asc`
  return signatureAt(signatureUrl, session)
}

/** A signature at a URL of its own, as discovery finds it on a page. */
export function signatureAt(url: URL, session: Session, page?: string): AciSignature {
  const name = redactUrl(url)
  return {
    name,
    read: async () => {
      session.context.debug(`downloading signature from ${name}`)
      const response = await (await session.http()).get(url.href, {
        headers: { 'accept-encoding': 'identity' },
        namedBy: page,
        authorization: url.protocol === 'https:' || isLoopbackHost(url.hostname) ? session.credentials().domains.get(url.host) : undefined,
      })
      if (response.status === 200) return readBody(response, largestSignatureBytes)
      response.discard()
      if (response.status === 202) {
        session.context.debug('server requested deferring the signature download')
        return undefined
      }
      throw new RocketError('SIGNATURE_REQUIRED', {
        what: 'error downloading the signature file', why: `bad HTTP status code: ${response.status} for ${name}`, hint,
      })
    },
  }
}
