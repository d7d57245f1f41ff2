import { scenarioNames, type ScenarioName } from './scenarios.ts'

/** One command that is killed. */
export interface Kill {
  readonly scenario: ScenarioName
  /** When, as a fraction of the time that the command takes. */
  readonly moment: number
  /** The whole process group, as when a terminal or a unit goes; or the one process. */
  readonly wholeGroup: boolean
}

/** So many kills between two collections. */
const batchSize = 10

/** The same seed gives the same storm: every scenario equally often, its moments spread evenly over all of its time. */
export function planStorm(kills: number, seed: number): Kill[][] {
  const random = randomNumbers(seed)
  const all = Array.from({ length: kills }, (_, index): Kill => ({
    scenario: scenarioNames[index % scenarioNames.length] ?? 'fetch', moment: random(), wholeGroup: random() < 0.5,
  }))
  return Array.from({ length: Math.ceil(kills / batchSize) }, (_, batch) => all.slice(batch * batchSize, (batch + 1) * batchSize))
}

/** Numbers from 0 to 1 (mulberry32): small, and the same everywhere. */
export function randomNumbers(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
