import { RocketError } from '@rocket/contracts'
import type { HttpResponse } from './http-client.ts'
import { stalled } from './watch-progress.ts'

/** What fits memory comes in this time, or it does not come for us. */
const longestMs = 120_000

/**
 * A body that must fit memory. Throws REGISTRY_ANSWER_INVALID when it is longer than `maxBytes`, however long the server said it was, and
 * REGISTRY_STALLED when it takes longer than two minutes.
 */
export async function readBody(response: HttpResponse, maxBytes: number): Promise<Buffer> {
  const announced = Number(response.headers['content-length'] ?? 0)
  if (announced > maxBytes) {
    response.discard()
    throw tooLong(response, maxBytes)
  }
  const started = performance.now()
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of response.body) {
    length += chunk.length
    if (length > maxBytes) throw tooLong(response, maxBytes)
    if (performance.now() - started > longestMs) throw stalled(response.from, `${length} bytes came in ${longestMs / 1000} s`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

/** As much of a body as comes before `maxBytes`; the rest is not waited for. Throws REGISTRY_STALLED as {@link readBody} does. */
export async function readHead(response: HttpResponse, maxBytes: number): Promise<Buffer> {
  const started = performance.now()
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of response.body) {
    chunks.push(chunk)
    length += chunk.length
    if (length >= maxBytes) break
    if (performance.now() - started > longestMs) throw stalled(response.from, `${length} bytes came in ${longestMs / 1000} s`)
  }
  return Buffer.concat(chunks).subarray(0, maxBytes)
}

function tooLong(response: HttpResponse, maxBytes: number): RocketError {
  return new RocketError('REGISTRY_ANSWER_INVALID', {
    what: `the answer of ${response.from} was not read`, why: `it is longer than ${maxBytes} bytes`,
  })
}
