import assert from 'node:assert/strict'
import { appendFileSync, chmodSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { storeLayout, type ImageRecord } from '@rocket/contracts'
import { findImageByName, findImageRecord, listImages, pinForPod, type Store } from '../index.ts'
import { imageEntryFile } from '../store-names.ts'
import { ingestImage } from '../testing/ingest-image.ts'
import { makeStore } from '../testing/make-store.ts'
import { checkStore } from './check-store.ts'
import type { Fault } from './fault.ts'

const uuid = '00000000-0000-4000-8000-000000000001'

function check(store: Store, repair = false, recordsOfPod: (uuid: string) => ImageRecord[] | undefined = () => undefined): Promise<Fault[]> {
  return checkStore(store, { quick: false, repair, recordsOfPod })
}

function shown(faults: readonly Fault[]): string[] {
  return faults.map(({ kind, state, file }) => `${kind} ${state} ${file}`)
}

function treeFile(record: ImageRecord, index: number): string {
  return record.rootfs[index]!.slice('store:'.length)
}

test('a store that is as it was made has no fault, derived trees included', async (t) => {
  const store = makeStore(t)
  const record = await ingestImage(store, 'sound')
  await ingestImage(store, 'other')
  assert.equal(record.rootfs.length, 3, 'with a thin tree on top')
  assert.deepEqual(await check(store), [])
})

for (const [what, damage, why] of [
  ['a flipped bit', (tree: string) => writeFileSync(join(tree, 'd/one'), 'onE damaged\n'), /"\/d\/one" has another time, content/],
  ['a file that is missing', (tree: string) => rmSync(join(tree, 'd/one')), /"\/d\/one" is missing/],
  ['a file too many', (tree: string) => writeFileSync(join(tree, 'extra'), ''), /"\/extra" does not belong there/],
  ['another mode', (tree: string) => chmodSync(join(tree, 'd'), 0o777), /"\/d" has another mode/],
  ['no directory at all', (tree: string) => rmSync(tree, { recursive: true }), /it is not there/],
  ['no record', (tree: string) => rmSync(`${tree}.json`), /its record is missing or damaged/],
  ['a damaged record', (tree: string) => writeFileSync(`${tree}.json`, '{'), /its record is missing or damaged/],
] as const) {
  test(`mends a layer tree with ${what}, from the bytes of the layer`, async (t) => {
    const store = makeStore(t)
    const file = treeFile(await ingestImage(store, 'damaged'), 0)
    const before = readFileSync(join(store.directory, `${file}.json`), 'utf8')
    damage(join(store.directory, file))
    const found = (await check(store)).filter((fault) => fault.state === 'found')
    assert.deepEqual(found.map((fault) => fault.file), [file])
    assert.match(found[0]!.why, why)
    assert.ok((await check(store, true)).some((fault) => fault.file === file && fault.state === 'mended'))
    assert.deepEqual(await check(store), [])
    assert.equal(readFileSync(join(store.directory, `${file}.json`), 'utf8'), before)
  })
}

test('mends a tree that was made on top of others', async (t) => {
  const store = makeStore(t)
  const file = treeFile(await ingestImage(store, 'top'), 2)
  chmodSync(join(store.directory, file, 'd'), 0o700)
  assert.deepEqual(shown(await check(store, true)), [`tree-differs mended ${file}`])
  assert.deepEqual(await check(store), [])
})

test('leaves a tree that a pod uses as it is, and says what to wait for', async (t) => {
  const store = makeStore(t)
  const record = await ingestImage(store, 'used')
  const file = treeFile(record, 1)
  pinForPod(store, uuid, [record], { sync: false })
  appendFileSync(join(store.directory, file, 'd/two'), 'x')
  const [fault, ...others] = await check(store, true)
  assert.deepEqual([fault?.kind, fault?.state, fault?.pods, others], ['tree-differs', 'in-use', [uuid], []])
  assert.match(fault?.hint ?? '', new RegExp(`let ${uuid} end`))
  assert.equal(readFileSync(join(store.directory, file, 'd/two'), 'utf8'), 'two used\nx')
})

test('a blob with a flipped bit is removed; the images that have it are named, with what to do', async (t) => {
  const store = makeStore(t)
  const record = await ingestImage(store, 'blob')
  const file = `${storeLayout.blobs}/${record.layers[0]!.digest.replace(':', '/')}`
  const bytes = readFileSync(join(store.directory, file))
  bytes[700]! ^= 1
  writeFileSync(join(store.directory, file), bytes)
  const faults = await check(store, true)
  const damaged = faults.find(({ kind }) => kind === 'blob-damaged')
  assert.deepEqual([damaged?.file, damaged?.state, damaged?.images], [file, 'mended', [record.imageId]])
  assert.match(damaged?.hint ?? '', /image rm/)
  assert.equal(existsSync(join(store.directory, file)), false)
  assert.ok(existsSync(join(store.directory, treeFile(record, 0), 'd/one')), 'the tree is of use as it was')
  const kinds = (await check(store)).map(({ kind, state }) => `${kind} ${state}`)
  assert.ok(kinds.includes('blob-missing left') && kinds.includes('tree-unverified left'), kinds.join())
})

test('removes names that lead nowhere, and writes a damaged one anew', async (t) => {
  const store = makeStore(t)
  const gone = await ingestImage(store, 'gone')
  const kept = await ingestImage(store, 'kept')
  rmSync(join(store.directory, storeLayout.imageRecord(gone.imageId)))
  const entry = imageEntryFile('example.com/kept', kept.imageId)
  const before = findImageByName(store, 'example.com/kept', [])?.ref
  writeFileSync(join(store.directory, storeLayout.names, entry), '{"version":1')
  const faults = shown(await check(store, true))
  assert.ok(faults.includes(`record-missing mended ${storeLayout.names}/${imageEntryFile('example.com/gone', gone.imageId)}`), faults.join())
  assert.ok(faults.includes(`name-damaged mended ${storeLayout.names}/${entry}`))
  assert.deepEqual(listImages(store).map(({ imageId }) => imageId), [kept.imageId])
  assert.equal(findImageByName(store, 'example.com/kept', [])?.ref.reference, before?.reference)
})

test('a damaged pin is written anew from the pod, or removed when there is no such pod', async (t) => {
  const store = makeStore(t)
  const record = await ingestImage(store, 'pinned')
  pinForPod(store, uuid, [record], { sync: false })
  const pin = join(store.directory, storeLayout.podRef(uuid))
  const images = (): string[] => (JSON.parse(readFileSync(pin, 'utf8')) as { images: string[] }).images
  writeFileSync(pin, 'damaged')
  assert.deepEqual(shown(await check(store, true, () => [record])), [`pin-damaged mended ${storeLayout.podRef(uuid)}`])
  assert.deepEqual(images(), [record.imageId])
  writeFileSync(pin, 'damaged')
  await check(store, true)
  assert.equal(existsSync(pin), false)
})

test('removes what killed processes left, and what nobody of ours made; follows no link', async (t) => {
  const store = makeStore(t)
  const at = (name: string): string => join(store.directory, name)
  writeFileSync(at('images/.new-4194305-0-half.json'), '')
  mkdirSync(at('ingest/4194305-x-0'))
  writeFileSync(at('layers/stray'), '')
  const outside = join(store.directory, '../outside')
  writeFileSync(outside, 'alive')
  symlinkSync('../outside', at('link'))
  assert.deepEqual(shown(await check(store, true)).sort(), [
    'half-written mended images/.new-4194305-0-half.json', 'half-written mended ingest/4194305-x-0', 'unknown-file mended layers/stray',
    'unknown-file mended link',
  ])
  assert.equal(readFileSync(outside, 'utf8'), 'alive')
  assert.deepEqual(await check(store), [])
})

test('a record that cannot be read is removed by mending, so that the image can be fetched again', async (t) => {
  const store = makeStore(t)
  const record = await ingestImage(store, 'record')
  const file = storeLayout.imageRecord(record.imageId)
  writeFileSync(join(store.directory, file), readFileSync(join(store.directory, file), 'utf8').replaceAll('sha512-', 'sha513-'))
  const [fault] = await check(store, true)
  assert.deepEqual([fault?.kind, fault?.state, fault?.hint], ['record-damaged', 'mended', 'fetch oci:/record again'])
  assert.equal(findImageRecord(store, record.imageId), undefined)
})
