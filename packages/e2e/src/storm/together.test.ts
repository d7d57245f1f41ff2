import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { makeImages, type Images } from '../fixtures/images.ts'
import { makeHome, type Home } from '../program/home.ts'
import { assertNothingLeft } from '../program/leftovers.ts'
import { plain, withoutRoot } from '../program/story.ts'

const unsigned = '--insecure-options=image'
const forMs = Number(process.env['ROCKET_E2E_TOGETHER_MS'] ?? 8000)

let home: Home
let images: Images

if (withoutRoot === false) {
  before(async () => {
    images = await makeImages()
    home = makeHome()
  })
  after(() => home.remove())
}

/** Again and again until the time is over; returns how often. */
async function repeat(act: () => Promise<void>): Promise<number> {
  const end = Date.now() + forMs
  let times = 0
  for (; Date.now() < end; times++) await act()
  return times
}

async function run(words: readonly string[], said: string): Promise<void> {
  const { exitCode, stdout, stderr } = await home.rkt(['run', ...plain, ...words])
  assert.deepEqual({ exitCode, stdout }, { exitCode: 0, stdout: said }, stderr)
}

async function quietly(...words: string[]): Promise<void> {
  const { exitCode, stderr } = await home.rkt(words)
  assert.equal(exitCode, 0, `${words.join(' ')}: ${stderr}`)
}

test('images are fetched, run, removed, collected and checked at once, and nobody misses what they use', { skip: withoutRoot }, async () => {
  const id = (await home.rkt(['fetch', unsigned, '--full', images.exits])).stdout.trim()
  const times = await Promise.all([
    repeat(() => run([images.busybox], 'hello\n')),
    repeat(() => run([`oci:${images.layout}`, '--exec=/bin/cat', '--', '/data/of-the-image'], 'from the image\n')),
    repeat(() => quietly('fetch', unsigned, images.exits, `oci:${images.layout}`)),
    repeat(() => quietly('image', 'rm', id, 'example.com/busybox', 'layout')),
    repeat(async () => {
      await quietly('image', 'gc', '--grace-period=0s')
      await quietly('gc', '--grace-period=0s')
    }),
    repeat(() => quietly('store', 'check', '--repair')),
  ])
  assert.ok(times.every((count) => count > 0), times.join())
  await assertNothingLeft(home)
  assert.equal((await home.rkt(['store', 'check'])).stderr, 'check: 0 fault(s) found, 0 mended\n')
})
