import type { Pair } from './measure.ts'
import type { World } from './world.ts'

/** A line of the table of promises: what is measured, beside whom, and the most it may be. */
export interface Row {
  id: string
  what: string
  peer: string
  unit: 'ms' | 'MB'
  /** The most that ours may be: a multiple of the peer's, or a number of the unit where there is no peer. */
  most: { ratio: number } | { value: number }
  /** Starts with the world as it is and leaves no process behind. */
  measure(world: World): Promise<Pair>
}
