import { RocketError } from '@rocket/contracts'

export interface ProgressLimits {
  /** Longest silence between two pieces. */
  silenceMs: number
  /** Over each window at least this much must come, or the server is keeping us busy. */
  windowMs: number
  windowBytes: number
}

export const defaultProgressLimits: ProgressLimits = { silenceMs: 30_000, windowMs: 60_000, windowBytes: 16 * 1024 }

/** Passes a body through as long as it makes progress. Throws REGISTRY_STALLED. `from` is for the message. */
export async function* watchProgress(
  body: AsyncIterable<Buffer>, from: string, limits: ProgressLimits,
): AsyncGenerator<Buffer, void, undefined> {
  let windowStart = performance.now()
  let windowBytes = 0
  for await (const chunk of body) {
    windowBytes += chunk.length
    yield chunk
    const now = performance.now()
    if (now - windowStart < limits.windowMs) continue
    if (windowBytes < limits.windowBytes) throw stalled(from, `${windowBytes} bytes came in ${Math.round((now - windowStart) / 1000)} s`)
    windowStart = now
    windowBytes = 0
  }
}

export function stalled(from: string, why: string, cause?: unknown): RocketError {
  return new RocketError('REGISTRY_STALLED', {
    what: `the transfer from ${from} was given up`, why, cause,
    hint: 'run the command again; what came so far is kept',
  })
}
