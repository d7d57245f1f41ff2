import { setTimeout } from 'node:timers/promises'
import { isRocketError } from '@rocket/contracts'
import { causeCode } from './transfer-error.ts'

export interface RetryPolicy {
  /** The first one included. */
  attempts: number
  /** Of the first wait; each further one may be twice as long. */
  baseMs: number
  longestMs: number
  /** A server that wants us to stay away for longer is not waited for. */
  longestRetryAfterMs: number
}

export const defaultRetryPolicy: RetryPolicy = { attempts: 5, baseMs: 250, longestMs: 8000, longestRetryAfterMs: 60_000 }

const passingStatus = new Set([429, 502, 503, 504])
const passingCodes = new Set(['ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'EAI_AGAIN', 'UND_ERR_SOCKET', 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH'])

/**
 * A connection that broke may hold next time. A refused one, a certificate, or silence that was waited out (15 s for a connection) will not be mended by asking
 * again.
 */
export function isPassingFault(error: unknown): boolean {
  return isRocketError(error, 'REGISTRY_UNREACHABLE') && passingCodes.has(causeCode(error))
}

interface Answer {
  status: number
  headers: Readonly<Record<string, string | undefined>>
  discard(): void
}

/**
 * Asks again after a connection that broke and after 429, 502, 503 and 504, waiting in between: as long as Retry-After says, else a random
 * part of a span that doubles. The last answer, or error, is the caller's. `signal` ends a wait with its reason.
 */
export async function withRetry<T extends Answer>(policy: RetryPolicy, signal: AbortSignal | undefined, ask: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    const isLast = attempt >= policy.attempts
    let waitMs: number
    try {
      const answer = await ask()
      if (isLast || !passingStatus.has(answer.status)) return answer
      const after = retryAfterMs(answer.headers['retry-after'])
      if (after !== undefined && after > policy.longestRetryAfterMs) return answer
      waitMs = after ?? backoffMs(policy, attempt)
      answer.discard()
    } catch (error) {
      if (isLast || !isPassingFault(error)) throw error
      waitMs = backoffMs(policy, attempt)
    }
    await pause(waitMs, signal)
  }
}

/** Random, so that many who failed together do not come back together. */
export function backoffMs(policy: RetryPolicy, attempt: number): number {
  return Math.min(policy.longestMs, policy.baseMs * 2 ** (attempt - 1)) * (0.5 + Math.random() / 2)
}

export async function pause(waitMs: number, signal: AbortSignal | undefined): Promise<void> {
  try {
    await setTimeout(waitMs, undefined, signal === undefined ? {} : { signal })
  } catch (error) {
    throw signal?.reason instanceof Error ? signal.reason : error
  }
}

/** Seconds or a date. Reference: RFC 9110, "Retry-After". */
export function retryAfterMs(value: string | undefined): number | undefined {
  if (value === undefined) return undefined
  if (/^\d{1,9}$/.test(value.trim())) return Number(value) * 1000
  const date = Date.parse(value)
  return Number.isNaN(date) ? undefined : Math.max(0, date - Date.now())
}
