import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { isRocketError, type ErrorCode, type ImageRecord } from '@rocket/contracts'
import { collectGarbage, findImageRecord, listPins, removeImage, unpinPod } from '@rocket/store'
import { makePod, makeWorkshop, type Workshop } from '../testing/fetch-in.ts'
import { makeLibrary } from '../testing/make-aci.ts'
import { makeLayout } from '../testing/make-layout.ts'
import { runStage } from '../testing/run-stage.ts'

const base = { imageName: 'example.com/base' }

/** What lies in the image's rootfs, with content; an ACI's is one tree. */
function filesOf(workshop: Workshop, record: ImageRecord): Record<string, string> {
  assert.equal(record.rootfs.length, 1)
  const root = join(workshop.store.directory, record.rootfs[0]!.slice('store:'.length))
  const files = readdirSync(root, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  return Object.fromEntries(files.map((entry) => [join(entry.parentPath, entry.name).slice(root.length + 1), readFileSync(join(entry.parentPath, entry.name), 'utf8')]))
}

function trees(workshop: Workshop): string[] {
  return readdirSync(join(workshop.store.directory, 'layers')).filter((name) => !name.endsWith('.json'))
}

function hasCode(code: ErrorCode, text: RegExp): (error: unknown) => boolean {
  return (error) => {
    assert.ok(isRocketError(error, code), String(error))
    assert.match(`${error.message} ${error.hint ?? ''}`, text)
    return true
  }
}

test('an image with dependencies is one tree of all their files, its own above theirs', async (t) => {
  const workshop = makeWorkshop(t)
  const { directory } = workshop
  const libc = makeLibrary(directory, 'example.com/libc', { 'lib/c': 'libc', 'etc/conf': 'of libc' })
  const middle = makeLibrary(directory, 'example.com/base', { 'etc/conf': 'of base', 'bin/sh': 'shell' }, { dependencies: [{ imageName: 'example.com/libc' }] }, '--gzip')
  const top = makeLibrary(directory, 'example.com/top', { 'bin/app': 'app', 'bin/sh': 'better shell' }, {
    dependencies: [{ ...base, labels: [{ name: 'version', value: '1' }] }],
  })
  const [first, second] = await workshop.fetch([libc, middle])
  const [record] = await workshop.fetch([top])
  assert.deepEqual(filesOf(workshop, record!), { 'lib/c': 'libc', 'etc/conf': 'of base', 'bin/sh': 'better shell', 'bin/app': 'app' })
  assert.deepEqual(filesOf(workshop, second!), { 'lib/c': 'libc', 'etc/conf': 'of base', 'bin/sh': 'shell' })
  assert.deepEqual(record!.dependencies, [second!.imageId, first!.imageId])
  assert.equal(record!.layers[0]!.tree, undefined, 'its own files alone are of no use')
  assert.deepEqual(first!.dependencies, undefined)
  assert.equal(trees(workshop).length, 3)
  assert.deepEqual(listPins(workshop.store).at(-1)?.trees, record!.rootfs)
  assert.ok(workshop.debug.includes('using image from local store for image name example.com/base:1'))
})

test('a path whitelist leaves its own tree alone behind, and names of it can do no harm', async (t) => {
  const workshop = makeWorkshop(t)
  const path = makeLibrary(workshop.directory, 'example.com/some', { 'a/kept': '1', 'a/left': '2', 'b': '3' }, {
    pathWhitelist: ['/a/kept', '/../../../etc/passwd', '/nowhere', '/a/*', `/${'x/'.repeat(3000)}`, '/\0'],
  })
  const [record] = await workshop.fetch([path])
  assert.deepEqual(filesOf(workshop, record!), { 'a/kept': '1' })
  assert.equal(record!.unpackedBytes, 1)
  assert.equal(trees(workshop).length, 1)
})

test('two images of the same archives share the tree, and it goes when nobody needs it', async (t) => {
  const workshop = makeWorkshop(t)
  const { directory, store } = workshop
  const top = makeLibrary(directory, 'example.com/top', { app: 'app' }, { dependencies: [base] })
  await workshop.fetch([makeLibrary(directory, 'example.com/base', { lib: 'old' })])
  const [before] = await workshop.fetch([top])
  const [again] = await workshop.fetch([top])
  assert.deepEqual(again, before)
  const newer = makeLibrary(directory, 'example.com/base', { lib: 'new' }, { labels: [...JSON.parse(JSON.stringify(before!.manifest.labels)) as [], { name: 'x', value: 'y' }] })
  await workshop.fetch([newer])
  const [after] = await workshop.fetch([top])
  assert.equal(after!.imageId, before!.imageId)
  assert.equal(filesOf(workshop, after!)['lib'], 'new', 'the newest import of the name')
  assert.notDeepEqual(after!.dependencies, before!.dependencies)
  await collectGarbage(store)
  assert.deepEqual(filesOf(workshop, before!), { app: 'app', lib: 'old' }, 'the pods of before still have what they were made with')
  for (const { uuid } of listPins(store)) unpinPod(store, uuid)
  await collectGarbage(store)
  assert.deepEqual(trees(workshop).length, 3, 'two bases and the one that was rendered last')
  for (const imageId of readdirSync(join(store.directory, 'images')).map((name) => name.slice(0, -5))) {
    if (imageId !== after!.imageId) await removeImage(store, imageId)
  }
  assert.deepEqual(filesOf(workshop, findImageRecord(store, after!.imageId)!), { app: 'app', lib: 'new' }, 'a rendered image needs its dependencies no more')
  await removeImage(store, after!.imageId)
  for (const place of ['layers', 'images', 'blobs/sha256', 'refs/names']) assert.deepEqual(readdirSync(join(store.directory, place)), [], place)
})

const sha512 = (path: string): string => `sha512-${createHash('sha512').update(readFileSync(path)).digest('hex')}`

for (const [what, dependency, expected] of [
  ['its full ID', (path: string) => ({ imageID: sha512(path) }), ''],
  ['its ID, cut short', (path: string) => ({ imageID: sha512(path).slice(0, 71) }), ''],
  ['the beginning of its ID', (path: string) => ({ imageID: sha512(path).slice(0, 17) }), ''],
  ['another ID', () => ({ imageID: `sha512-${'0'.repeat(128)}` }), 'IMAGE_NOT_FOUND'],
  ['the beginning of another ID', () => ({ imageID: 'sha512-00000000' }), 'DEPENDENCY_MISMATCH'],
  ['an ID that is a path', () => ({ imageID: 'sha512-../../../../etc/passwd' }), 'DEPENDENCY_MISMATCH'],
  ['its size', (path: string) => ({ size: readFileSync(path).length }), ''],
  ['another size', () => ({ size: 17 }), 'DEPENDENCY_MISMATCH'],
  ['a label it has', () => ({ labels: [{ name: 'version', value: '1' }] }), ''],
  ['a version it has not', () => ({ labels: [{ name: 'version', value: '2' }] }), 'IMAGE_NOT_FOUND'],
] as const) {
  test(`a dependency named with ${what} is ${expected === '' ? 'taken' : 'not taken'}`, async (t) => {
    const workshop = makeWorkshop(t)
    const path = makeLibrary(workshop.directory, 'example.com/base', { lib: 'lib' })
    await workshop.fetch([path])
    const top = makeLibrary(workshop.directory, 'example.com/top', { app: 'app' }, { dependencies: [{ ...base, ...dependency(path) }] })
    const fetched = workshop.fetch([top], { pullPolicy: 'never' })
    if (expected !== '') return assert.rejects(fetched, hasCode(expected, /example\.com\/base/))
    assert.deepEqual(filesOf(workshop, (await fetched)[0]!), { app: 'app', lib: 'lib' })
  })
}

test('a size may be that of the archive without its compression', async (t) => {
  const workshop = makeWorkshop(t)
  const path = makeLibrary(workshop.directory, 'example.com/base', { lib: 'lib' }, {}, '--gzip')
  await workshop.fetch([path])
  const top = makeLibrary(workshop.directory, 'example.com/top', {}, { dependencies: [{ ...base, size: 10240 }] })
  assert.deepEqual(filesOf(workshop, (await workshop.fetch([top]))[0]!), { lib: 'lib' })
})

test('an image of a registry cannot be rendered together with ACIs', async (t) => {
  const workshop = makeWorkshop(t)
  const layout = makeLayout(join(workshop.directory, 'base'), []).directory
  const [oci] = await workshop.fetch([`oci:${layout}`])
  const top = makeLibrary(workshop.directory, 'example.com/top', {}, { dependencies: [{ imageName: oci!.manifest.name }] })
  await assert.rejects(workshop.fetch([top]), hasCode('DEPENDENCY_MISMATCH', /it is no ACI/))
})

test('what is missing is told with the image that needs it, and what to do', async (t) => {
  const workshop = makeWorkshop(t)
  const top = makeLibrary(workshop.directory, 'example.com/top', {}, { dependencies: [base] })
  await assert.rejects(workshop.fetch([top], { pullPolicy: 'never' }), hasCode('IMAGE_NOT_FOUND', /^example\.com\/base, which example\.com\/top depends on, was not fetched: unable to fetch/))
  assert.deepEqual(readdirSync(join(workshop.store.directory, 'images')), [])
  assert.deepEqual(readdirSync(join(workshop.store.directory, 'refs/names')), [])
})

test('U21: killed at any moment, a rendering leaves what was or what is to be', async (t) => {
  const workshop = makeWorkshop(t)
  const files = Object.fromEntries(Array.from({ length: 1500 }, (_, index) => [`d${index % 40}/f${index}`, `${index}`.repeat(400)]))
  await workshop.fetch([makeLibrary(workshop.directory, 'example.com/base', files)])
  const top = makeLibrary(workshop.directory, 'example.com/top', { app: 'app' }, { dependencies: [base] })
  const store = workshop.store.directory
  let kills = 0
  for (let delay = 200; delay <= 800; delay += 60) {
    const { signal } = await runStage(makePod(workshop.directory, [top]), store, { killAfterMs: delay })
    if (signal === null) break
    kills += 1
    for (const name of readdirSync(join(store, 'layers')).filter((entry) => entry.endsWith('.json'))) {
      assert.ok(readdirSync(join(store, 'layers', name.slice(0, -5))).length >= 40, 'a tree with a record is whole')
    }
  }
  t.diagnostic(`${kills} kills`)
  const [record] = await workshop.fetch([top])
  assert.deepEqual(filesOf(workshop, record!), { ...files, app: 'app' })
  rmSync(top)
  await collectGarbage(workshop.store, { pods: () => [] })
  assert.equal(trees(workshop).length, 2)
  assert.deepEqual(readdirSync(join(store, 'ingest')), [])
})
