import assert from 'node:assert/strict'
import { join } from 'node:path'
import { makeImages, type Images } from '../fixtures/images.ts'
import { makeHome, meet, names, type Home } from '../program/home.ts'
import { assertNothingLeft } from '../program/leftovers.ts'
import { plain } from '../program/story.ts'
import { assertListedWhole, emptyStore } from './listed-images.ts'
import { planStorm, type Kill } from './plan.ts'
import { scenarioNames, scenarios, type ScenarioName } from './scenarios.ts'

export interface StormReport {
  readonly kills: number
  /** Commands that were still at work when they were killed, by scenario. */
  readonly interrupted: Readonly<Record<string, number>>
}

/** How many commands are at work at a time. */
const lanes = 2

/**
 * Kills commands at random moments. After every batch, `rkt gc` must leave nothing, every image that is listed must be whole, and the next
 * run must work. Throws with the seed and the batch in which that was not so.
 */
export async function runStorm(kills: number, seed: number, tell: (line: string) => void = () => {}): Promise<StormReport> {
  const images = await makeImages()
  const home = makeHome()
  const interrupted: Record<string, number> = Object.fromEntries(scenarioNames.map((name) => [name, 0]))
  try {
    const durations = await measure(home, images)
    tell(`times: ${scenarioNames.map((name) => `${name} ${Math.round(durations[name])} ms`).join(', ')}`)
    for (const [index, batch] of planStorm(kills, seed).entries()) {
      try {
        const cut = await strike(home, images, batch, durations)
        for (const name of cut) interrupted[name] = (interrupted[name] ?? 0) + 1
        await assertRecovered(home, images)
        tell(`batch ${index + 1}: ${batch.length} killed, ${cut.length} of them at work`)
      } catch (cause) {
        const what = batch.map(
          ({ scenario, moment, wholeGroup }) => `${scenario} at ${moment.toFixed(3)}${wholeGroup ? ', group' : ''}`,
        ).join('; ')
        throw new Error(`seed ${seed}, batch ${index + 1} (${what}): ${(cause as Error).message}`, { cause })
      }
    }
  } finally {
    await home.killAll()
    home.remove()
  }
  return { kills, interrupted }
}

/** How long each command takes when nobody kills it, from an empty store and with another one beside it. */
async function measure(home: Home, images: Images): Promise<Record<ScenarioName, number>> {
  const durations: Partial<Record<ScenarioName, number>> = {}
  await each(scenarioNames, async (name) => {
    const { before, words } = scenarios[name]
    const made = (await before?.(home, images)) ?? ''
    const begun = performance.now()
    const { exitCode, stderr } = await home.rkt(words(images, made))
    durations[name] = performance.now() - begun
    assert.equal(exitCode, 0, `${name}: ${stderr}`)
  })
  await assertRecovered(home, images)
  return durations as Record<ScenarioName, number>
}

/** Returns the scenarios that were interrupted. Corrects the durations by what it sees: other work on the machine comes and goes. */
async function strike(home: Home, images: Images, batch: readonly Kill[], durations: Record<ScenarioName, number>): Promise<ScenarioName[]> {
  const cut: ScenarioName[] = []
  await each(batch, async ({ scenario, moment, wholeGroup }) => {
    const { before, words } = scenarios[scenario]
    const made = (await before?.(home, images)) ?? ''
    const begun = performance.now()
    const running = home.start(words(images, made), { ownGroup: true })
    void running.ended.then(({ signal }) => {
      if (signal !== 'SIGKILL') durations[scenario] = (durations[scenario] + performance.now() - begun) / 2
      else if (moment > 0.9) durations[scenario] *= 1.1
    })
    await new Promise((resolve) => setTimeout(resolve, moment * durations[scenario]))
    try {
      process.kill(wholeGroup ? -running.pid : running.pid, 'SIGKILL')
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
    }
    if ((await running.ended).signal === 'SIGKILL') cut.push(scenario)
    meet(home)
  })
  return cut
}

async function each<T>(items: readonly T[], act: (item: T) => Promise<void>): Promise<void> {
  const left = [...items]
  const lane = async (): Promise<void> => {
    for (let item = left.shift(); item !== undefined; item = left.shift()) await act(item)
  }
  await Promise.all(Array.from({ length: lanes }, lane))
}

async function assertRecovered(home: Home, images: Images): Promise<void> {
  await assertNothingLeft(home)
  const cas = join(home.data, 'cas')
  assert.deepEqual(names(join(cas, 'refs/pods')), [], 'pins of pods that are gone')
  await assertListedWhole(home, images)
  const checked = await home.rkt(['store', 'check'])
  assert.deepEqual([checked.exitCode, checked.stdout], [0, ''], checked.stderr)
  const ended = await home.rkt(['run', ...plain, images.busybox])
  assert.deepEqual([ended.exitCode, ended.stdout], [0, 'hello\n'], ended.stderr)
  // The next batch begins with an empty store, so that there is something to fetch.
  await emptyStore(home)
}
