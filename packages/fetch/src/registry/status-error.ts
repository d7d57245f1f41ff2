import { RocketError } from '@rocket/contracts'
import { retryAfterMs } from '../http/retry.ts'

/** rkt's `bad HTTP status code: N`, with what it means. */
export function statusError(
  { status, headers }: { status: number; headers: Readonly<Record<string, string | undefined>> }, name: string, path: string,
): RocketError {
  const why = `bad HTTP status code: ${status}`
  const what = `${path} of ${name} was not received`
  switch (status) {
    case 401: case 403:
      return new RocketError('REGISTRY_UNAUTHORIZED', {
        what, why, hint: 'the registry allows it to other users only, or it does not exist; credentials are in auth.d',
      })
    case 404: return new RocketError('REGISTRY_NOT_FOUND', { what, why, hint: 'check the name and the tag' })
    default: return new RocketError('REGISTRY_FAILED', { what, why, hint: hintFor(status, retryAfterMs(headers['retry-after'])) })
  }
}

function hintFor(status: number, afterMs: number | undefined): string {
  if (afterMs !== undefined) return `it wants to be left alone for ${Math.ceil(afterMs / 1000)} s`
  return status >= 500 || status === 429 ? 'it may pass: try again later' : 'is this a registry?'
}
