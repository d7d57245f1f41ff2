import { native } from './native.ts'

/**
 * Gives back what a process that is about to be idle for long does not need: garbage, compiled code that has not run lately, free pages. Costs
 * some 20 ms, so it is for a moment when nobody waits. Node must have been started with --expose-gc (the launcher does), otherwise only the C
 * heap is trimmed.
 */
export function shrinkMemory(): void {
  const { gc } = globalThis as { gc?: (options: { type: 'major'; flavor: 'last-resort'; execution: 'sync' }) => void }
  gc?.({ type: 'major', flavor: 'last-resort', execution: 'sync' })
  native().trimMemory()
}
