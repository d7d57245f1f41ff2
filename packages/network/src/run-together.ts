import { finishPrograms, type ProgramResult, type RunningProgram } from '@rocket/host'

/** Work made of programs, one after the other: each is started and yielded, and its result comes back. */
export type Job<T> = Generator<RunningProgram, T, ProgramResult>

export type Outcome<T> = { value: T; error?: undefined } | { value?: undefined; error: unknown }

/**
 * Runs jobs beside each other, in rounds: the next program of each, then a wait for all of them. A job that throws ends alone.
 * `meanwhile` is work of our own, done while the first programs run.
 */
export function runTogether<T>(jobs: readonly Job<T>[], meanwhile: () => void = () => undefined): Outcome<T>[] {
  let ownWork = meanwhile
  const outcomes = jobs.map((): Outcome<T> | undefined => undefined)
  const answers = jobs.map((): ProgramResult | undefined => undefined)
  while (outcomes.includes(undefined)) {
    const round: { index: number; program: RunningProgram }[] = []
    jobs.forEach((job, index) => {
      if (outcomes[index] !== undefined) return
      try {
        const step = job.next(answers[index] as ProgramResult)
        if (step.done === true) outcomes[index] = { value: step.value }
        else round.push({ index, program: step.value })
      } catch (error) {
        outcomes[index] = { error }
      }
    })
    try {
      ownWork()
    } catch (error) {
      finishPrograms(round.map((entry) => entry.program))
      throw error
    }
    ownWork = () => undefined
    const results = finishPrograms(round.map((entry) => entry.program))
    round.forEach((entry, at) => { answers[entry.index] = results[at] })
  }
  return outcomes as Outcome<T>[]
}

/** Runs one job; what it throws is thrown. */
export function runJob<T>(job: Job<T>, meanwhile?: () => void): T {
  const [outcome] = runTogether([job], meanwhile)
  if (outcome?.error !== undefined) throw outcome.error
  return outcome?.value as T
}
