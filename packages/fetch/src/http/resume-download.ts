import { bootId } from '@rocket/host'
import type { HttpClient, HttpRequest, HttpResponse } from './http-client.ts'
import { changed, readOnward } from './read-onward.ts'
import { defaultRetryPolicy } from './retry.ts'

export interface Download {
  request: Pick<HttpRequest, 'headers' | 'authorization'>
  /** The answer to a request for all of it, not read yet. */
  first: HttpResponse
  debug(message: string): void
}

export interface ResumedDownload {
  /** Names what the server has there now; absent when it does not say how to tell it from what it has tomorrow. */
  resumeKey: string | undefined
  open(fromByte: number): AsyncIterable<Buffer>
}

/**
 * What is at a URL, which nobody has named by a digest: taken up where it broke off as long as the server vouches, by a strong ETag or a
 * time of change that is old enough, that it is still the same. Throws REGISTRY_CONTENT_CHANGED. Reference: RFC 9110, "If-Range"; rkt,
 * "HTTP(S)".
 */
export function resumeDownload(http: HttpClient, url: string, { request, first, debug }: Download): ResumedDownload {
  const validator = validatorOf(first.headers)
  const ask = async (fromByte: number): Promise<HttpResponse> => {
    const ranged = { ...request.headers, range: `bytes=${fromByte}-`, 'if-range': validator ?? '' }
    const response = await http.get(url, { ...request, headers: ranged })
    const { etag } = response.headers
    const isOther = etag !== undefined && first.headers['etag'] !== undefined && etag !== first.headers['etag']
    if (!isOther) return response
    response.discard()
    throw changed(response)
  }
  return {
    // No digest would tell what a crash of the machine left of bytes that were never synced.
    resumeKey: validator === undefined ? undefined : `download ${url} ${validator} ${bootId()}`,
    open: (fromByte) => {
      if (fromByte > 0) first.discard()
      return readOnward({
        ask, fromByte, first: fromByte === 0 ? first : undefined, whole: 'changed',
        policy: validator === undefined ? { ...defaultRetryPolicy, attempts: 1 } : defaultRetryPolicy,
        onBreak: (error) => debug(`going on after ${String(error)}`),
      })
    },
  }
}

/** Old enough that a change within the same second would show. */
const settledMs = 60_000

function validatorOf(headers: HttpResponse['headers']): string | undefined {
  const { etag, date, 'last-modified': modified } = headers
  if (etag !== undefined) return etag.startsWith('"') ? etag : undefined
  const age = Date.parse(date ?? '') - Date.parse(modified ?? '')
  return age >= settledMs ? modified : undefined
}
