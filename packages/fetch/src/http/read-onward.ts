import { RocketError } from '@rocket/contracts'
import type { HttpResponse } from './http-client.ts'
import { backoffMs, defaultRetryPolicy, isPassingFault, pause, type RetryPolicy } from './retry.ts'

export interface Onward {
  /** Asks for the bytes from one on; 200, 206 or 416 comes back. */
  ask(fromByte: number): Promise<HttpResponse>
  fromByte: number
  /** An answer for `fromByte` that is there already. */
  first?: HttpResponse | undefined
  /**
   * What all of it means where the rest was asked for. `cut`: the content is named by its digest, which decides in the end, so what we have
   * is left out. `changed`: it is another content now.
   */
  whole: 'cut' | 'changed'
  sizeBytes?: number | undefined
  signal?: AbortSignal | undefined
  policy?: RetryPolicy | undefined
  /** Called with what broke it, before it is taken up again. */
  onBreak?: (error: unknown) => void
}

/** So much in between makes a break a new one, and not one more of the same. */
const progressBytes = 1 << 20

/**
 * A body from `fromByte` to its end. A connection that breaks is taken up where it broke, a few times; what another attempt cannot mend is
 * thrown. Throws REGISTRY_CONTENT_CHANGED, REGISTRY_ANSWER_INVALID for a part that nobody asked for, and what `ask` throws. Reference: RFC
 * 9110, "Range Requests".
 */
export async function* readOnward(options: Onward): AsyncGenerator<Buffer, void, undefined> {
  const { ask, sizeBytes, signal, policy = defaultRetryPolicy } = options
  let offset = options.fromByte
  let response = options.first
  for (let breaks = 0; ;) {
    if (offset > 0 && offset === sizeBytes) return response?.discard()
    const before = offset
    response ??= await ask(offset)
    try {
      for await (const chunk of from(response, offset, options)) {
        offset += chunk.length
        yield chunk
      }
      return
    } catch (error) {
      response = undefined
      breaks = offset - before >= progressBytes ? 1 : breaks + 1
      if (!isPassingFault(error) || breaks >= policy.attempts || signal?.aborted === true) throw error
      options.onBreak?.(error)
      await pause(backoffMs(policy, breaks), signal)
    }
  }
}

async function* from(response: HttpResponse, offset: number, { ask, whole }: Onward): AsyncGenerator<Buffer, void, undefined> {
  const start = response.status === 206 ? startOf(response.headers['content-range']) : response.status === 200 ? 0 : undefined
  const fits = start !== undefined && (start === offset || (start < offset && whole === 'cut'))
  if (fits) return yield* withoutFirst(response.body, offset - start)
  response.discard()
  if (whole === 'changed') throw changed(response)
  const all = await ask(0)
  if (all.status === 200) return yield* withoutFirst(all.body, offset)
  all.discard()
  throw new RocketError('REGISTRY_ANSWER_INVALID', {
    what: `the answer of ${all.from} was not used`, why: 'it is a part of something, and not the part that was asked for',
  })
}

async function* withoutFirst(body: AsyncIterable<Buffer>, count: number): AsyncGenerator<Buffer, void, undefined> {
  let left = count
  for await (const chunk of body) {
    if (left < chunk.length) yield left === 0 ? chunk : chunk.subarray(left)
    left = Math.max(0, left - chunk.length)
  }
}

/** `bytes 5-9/10` begins at 5. */
function startOf(range: string | undefined): number | undefined {
  const start = /^bytes (\d{1,15})-\d{1,15}\/(\d{1,15}|\*)$/.exec(range ?? '')?.[1]
  return start === undefined ? undefined : Number(start)
}

export function changed({ from: place }: HttpResponse): RocketError {
  return new RocketError('REGISTRY_CONTENT_CHANGED', {
    what: `what came from ${place} was not used`, why: 'it changed while it was transferred', hint: 'run the command again',
  })
}
