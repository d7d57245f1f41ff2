import { isRocketError, RocketError } from '@rocket/contracts'
import { redactUrl } from './redact-url.ts'
import { stalled } from './watch-progress.ts'

/** What undici threw while we spoke to `url`, with a code of ours and without the parts of a request that are secret. */
export function transferError(url: URL, error: unknown, signal?: AbortSignal): RocketError {
  const from = redactUrl(url)
  const found = innermost(error)
  if (isRocketError(found)) return found
  if (signal?.aborted === true && isRocketError(signal.reason)) return signal.reason
  const code = codeOf(found)
  if (code === 'UND_ERR_HEADERS_TIMEOUT' || code === 'UND_ERR_BODY_TIMEOUT') return stalled(from, 'nothing came any more')
  if (code === 'UND_ERR_HEADERS_OVERFLOW' || code.startsWith('HPE_')) {
    return new RocketError('REGISTRY_ANSWER_INVALID', {
      what: `the answer of ${from} was not read`, cause: found,
      why: code.endsWith('OVERFLOW') ? 'its headers are larger than 16 KiB' : 'it is not http',
    })
  }
  const why = code === 'UND_ERR_SOCKET' ? 'the server closed the connection in the middle'
    : code === 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH' ? 'the answer has another length than it said'
    : found instanceof Error ? found.message : String(found)
  return new RocketError('REGISTRY_UNREACHABLE', {
    what: `cannot read from ${from}`, why: code === '' || why.includes(code) ? why : `${why} (${code})`, cause: found, ...hintFor(code),
  })
}

/** The code of what lies beneath one of our errors: `ECONNRESET`, `CERT_HAS_EXPIRED`, `UND_ERR_SOCKET`. Empty when there is none. */
export function causeCode(error: unknown): string {
  return isRocketError(error) ? codeOf(error.cause) : ''
}

/** Whether nobody vouches for the other side: no reason to go on without looking. */
export function isCertificateFault(error: unknown): boolean {
  return certificateCodes.test(causeCode(error))
}

const certificateCodes = /CERT|SELF_SIGNED|UNABLE_TO_(VERIFY|GET)/

function hintFor(code: string): { hint: string } {
  if (/ALERT_(CERTIFICATE|BAD_CERT|HANDSHAKE)/.test(code)) return {
    hint: 'the server may want a client certificate: put NAME.cert and NAME.key into certs.d/HOST of a configuration directory',
  }
  if (certificateCodes.test(code)) return {
    hint: 'put its authority into certs.d/HOST of a configuration directory; --insecure-options=tls goes without the check',
  }
  if (/^ERR_SSL|EPROTO/.test(code)) return { hint: 'it may only speak plain http, which --insecure-options=http allows' }
  return { hint: 'check the name and the network, then run the command again' }
}

function innermost(error: unknown): unknown {
  const inner = error instanceof AggregateError ? error.errors[0] as unknown : error instanceof Error ? error.cause : undefined
  return inner === undefined ? error : innermost(inner)
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : ''
}
