import assert from 'node:assert/strict'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { plantCanary } from '../fixtures/canary.ts'
import type { Images } from '../fixtures/images.ts'
import type { Home } from '../program/home.ts'
import { story, tellStories } from '../program/story.ts'
import { failing, recording, spreadFaults, withoutStrace, type Fault } from './failed-calls.ts'
import { assertListedWhole, emptyStore } from './listed-images.ts'

const stage = tellStories()
/** Calls of each kind and source; a night can be spent on more. */
const points = Number(process.env['ROCKET_FAULT_POINTS'] ?? 3)

const sources: readonly [string, (images: Images) => string][] = [
  ['a layout', ({ layout }) => `oci:${layout}`],
  ['an ACI', ({ busybox }) => busybox],
]

for (const [source, reference] of sources) {
  for (const what of ['SIGKILL', 'ENOSPC', 'EDQUOT', 'EIO'] as const) {
    story(`U21: ${what} at ${points} system calls, spread over a fetch of ${source}, leaves no half image, and the next fetch succeeds`, async () => {
      const { home, images } = stage
      const words = ['fetch', '--insecure-options=image', reference(images)]
      let met = 0
      for (const fault of await planFaults(home, words, what)) if (await strike(home, images, words, fault)) met++
      assert.ok(met > 0, 'no fetch was stopped by its fault')
    }, withoutStrace)
  }
}

async function planFaults(home: Home, words: readonly string[], what: Fault['what']): Promise<Fault[]> {
  const recorded = join(home.directory, 'calls')
  const { exitCode, stderr } = await home.rkt(words, { through: recording(recorded) })
  assert.equal(exitCode, 0, stderr)
  await emptyStore(home)
  const faults = spreadFaults(recorded, home.data, what, points)
  rmSync(recorded)
  return faults
}

/** Returns whether the fetch was stopped by its fault; some calls may fail and nothing is lost. */
async function strike(home: Home, images: Images, words: readonly string[], fault: Fault): Promise<boolean> {
  const canary = plantCanary(home.directory, home.data)
  const before = canary.look()
  const struck = await home.rkt(words, { through: failing(fault) })
  const context = `${fault.what} at ${fault.call} ${fault.nth}: ${struck.exitCode ?? struck.signal}\n${struck.stderr}`
  try {
    if (struck.exitCode === 254) assert.match(struck.stderr, /\[[A-Z_]+\]/)
    else assert.ok(struck.exitCode === 0 || struck.exitCode === undefined, 'it ended neither well, nor with a code, nor by a signal')
    const listed = await assertListedWhole(home, images)
    if (struck.exitCode === 0) assert.equal(listed.length, 1)
    const again = await home.rkt(words)
    assert.equal(again.exitCode, 0, again.stderr)
    assert.equal((await assertListedWhole(home, images)).length, 1)
    await emptyStore(home)
    assert.deepEqual(canary.look(), before)
    return struck.exitCode !== 0
  } catch (cause) {
    throw new Error(context, { cause })
  }
}
