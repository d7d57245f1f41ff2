import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { chmodSync, chownSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { collectGarbage, listImages } from '@rocket/store'
import { makePod, makeWorkshop, type Workshop } from './testing/fetch-in.ts'
import { makeAci } from './testing/make-aci.ts'
import { makeLayout } from './testing/make-layout.ts'
import { runStage, type StageRun } from './testing/run-stage.ts'

const asRoot = process.geteuid?.() === 0 ? false : 'needs root'
/** Another user must be able to read the sources, which a checkout below a private directory does not allow. */
const asAnother: string | false = asRoot || (spawnSync('setpriv', ['--reuid=65534', '--clear-groups', 'test', '-r', import.meta.filename]).status === 0
  ? false : 'other users cannot read this checkout')

/** Two layers that take a moment: many files, and megabytes that do not compress. */
function makeImage(workshop: Workshop): string {
  const layers = ['a', 'b'].map((name) => {
    const directory = join(workshop.directory, name)
    for (let index = 0; index < 40; index += 1) {
      mkdirSync(join(directory, `${name}${index}`), { recursive: true })
      for (let file = 0; file < 20; file += 1) writeFileSync(join(directory, `${name}${index}`, `f${file}`), randomBytes(8192))
    }
    return directory
  })
  return `oci:${makeLayout(join(workshop.directory, 'layout'), layers).directory}`
}

function contentOf(store: string): Record<string, string[]> {
  return Object.fromEntries(['images', 'layers', 'refs/names', 'ingest'].map((place) => [place, readdirSync(join(store, place)).sort()]))
}

test('U21: killed at any moment, it shows no half image, and the next run succeeds', async (t) => {
  const workshop = makeWorkshop(t)
  const reference = makeImage(workshop)
  const { directory } = workshop.store
  const whole = makeWorkshop(t)
  await whole.fetch([reference])
  const expected = contentOf(whole.store.directory)
  let kills = 0
  for (let delay = 150; delay <= 750; delay += 75) {
    const run = await runStage(makePod(workshop.directory, [reference]), directory, { killAfterMs: delay })
    if (run.signal === null) break
    kills += 1
    for (const { imageId } of listImages(workshop.store)) assert.ok(readdirSync(join(directory, 'images')).includes(`${imageId}.json`))
    for (const name of readdirSync(join(directory, 'layers')).filter((entry) => entry.endsWith('.json'))) {
      assert.ok(readdirSync(join(directory, 'layers', name.slice(0, -5))).length === 40, 'a tree with a record is whole')
    }
  }
  t.diagnostic(`${kills} kills`)
  assert.deepEqual(await outcome(runStage(makePod(workshop.directory, [reference]), directory)), [0, '', ''])
  await collectGarbage(workshop.store, { pods: () => [] })
  assert.deepEqual(contentOf(directory), expected)
})

async function outcome(run: Promise<StageRun>): Promise<unknown[]> {
  const { code, stdout, stderr } = await run
  return [code, stdout, stderr]
}

test('U21: on a full disk it says so, leaves nothing, and succeeds when there is room', { skip: asRoot }, async (t) => {
  const workshop = makeWorkshop(t)
  const reference = makeImage(workshop)
  const pod = makePod(workshop.directory, [reference])
  const cas = workshop.store.directory
  // In a mount namespace of its own, with a small disk in the place of the store.
  const script = `
    store=$1; shift
    mount -t tmpfs -o size=6m,mode=700 small "$store" || exit 99
    cd "$store"; "$@"; echo "first: $?"
    ls -A ingest layers images refs/names
    mount -o remount,size=100m "$store"; "$@"; echo "second: $?"
    ls images | wc -l`
  const run = await runStage(pod, cas, { before: ['unshare', '-m', '--propagation', 'private', 'sh', '-c', script, 'sh', cas] })
  assert.match(run.stdout, /"code":"DISK_FULL"/)
  assert.match(run.stdout, /first: 254/)
  assert.match(run.stdout, /ingest:\n\nlayers:\n\nimages|images:\n\ningest:\n\nlayers:\n\nrefs\/names:\n/)
  assert.match(run.stdout, /second: 0\n1\n/)
  assert.deepEqual(listImages(workshop.store), [], 'the small disk was only there for the test')
})

test('without root, a file is fetched into a store of our own as far as the kernel permits', { skip: asAnother }, async (t) => {
  const workshop = makeWorkshop(t)
  const aci = makeAci(workshop.directory)
  const pod = makePod(workshop.directory, [aci])
  const { directory } = workshop
  rmSync(workshop.store.directory, { recursive: true })
  chmodSync(directory, 0o755)
  for (const path of [join(directory, 'data'), join(directory, 'data/pods/prepare'), pod]) chownSync(path, 65534, 65534)
  mkdirSync(join(directory, 'data/cas'), { mode: 0o700 })
  chownSync(join(directory, 'data/cas'), 65534, 65534)
  const before = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups', '--inh-caps=-all', '--bounding-set=-all']
  const run = await runStage(pod, workshop.store.directory, { before })
  assert.deepEqual([run.code, run.stderr], [0, ''])
  const images = JSON.parse(readFileSync(join(pod, 'images.json'), 'utf8')) as { images: unknown[] }
  assert.equal(images.images.length, 1)
})

test('without root, the store of root is left alone', { skip: asAnother }, async (t) => {
  const workshop = makeWorkshop(t)
  const aci = makeAci(workshop.directory)
  const pod = makePod(join(workshop.directory, 'own'), [aci])
  chmodSync(workshop.directory, 0o755)
  const run = await runStage(
    pod, '/', { before: ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups', 'env', `RKT_STORE=${workshop.store.directory}`] },
  )
  assert.equal(run.code, 254)
  assert.match(run.stdout, /"code":"STORE_UNSAFE"/)
})
