import { native } from './native.ts'

type Collect = (options: { type: 'major'; flavor: 'last-resort'; execution: 'sync' } | { type: 'minor' }) => void

/** There when Node was started with --expose-gc, as the launcher does. */
function collector(): Collect | undefined {
  return (globalThis as { gc?: Collect }).gc
}

/**
 * Gives back what a process that is about to be idle for long does not need: garbage, compiled code that has not run lately, free pages. Costs
 * some 20 ms, so it is for a moment when nobody waits. Without --expose-gc only the C heap is trimmed.
 */
export function shrinkMemory(): void {
  collector()?.({ type: 'major', flavor: 'last-resort', execution: 'sync' })
  native().trimMemory()
}

/**
 * Frees buffers that became garbage lately, in about a millisecond. What comes from a network lies outside the collector's heap, where it
 * lets some 60 MB gather first: memory that has to be touched anew is slower than memory that is used again. Without --expose-gc nothing
 * happens.
 */
export function collectRecentGarbage(): void {
  collector()?.({ type: 'minor' })
}
