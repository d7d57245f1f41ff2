import assert from 'node:assert/strict'
import {
  chmodSync, chownSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync, symlinkSync, writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { isRocketError, type ErrorCode, type NameRef, type RocketError } from '@rocket/contracts'
import { writeImageRecord } from './ingest/write-image.ts'
import {
  collectGarbage, findImageByName, findImageIdByPrefix, findImageRecord, listImages, lockPrepare, openStore, pinForPod, readImageByName,
  removeImage,
  touchLastUsed, unpinPod, type Store,
} from './index.ts'
import { findReferenceRef, writeRefs } from './refs.ts'
import { imageEntryFile, referenceFile } from './store-names.ts'
import { addImage, makeStore } from './testing/make-store.ts'

const uuid = '00000000-0000-4000-8000-000000000001'

function hasCode(code: ErrorCode, what?: string): (error: unknown) => boolean {
  return (error) => isRocketError(error, code) && (what === undefined || error.what === what)
}

test('finds an image by the beginning of its ID, in rkt words when it cannot', (t) => {
  const store = makeStore(t)
  addImage(store, '1')
  const second = addImage(store, '2', { sha256: `sha256:${'c'.repeat(64)}` })
  assert.equal(findImageIdByPrefix(store, 'sha512-22'), second.imageId)
  assert.equal(findImageIdByPrefix(store, `sha512-${'2'.repeat(128)}`), second.imageId)
  assert.equal(findImageIdByPrefix(store, 'sha256:cccc'), second.imageId)
  assert.throws(() => findImageIdByPrefix(store, 'sha1-22'), hasCode('IMAGE_ID_INVALID', 'wrong key prefix'))
  assert.throws(() => findImageIdByPrefix(store, 'sha512-2'), hasCode('IMAGE_ID_INVALID', 'image ID too short'))
  assert.throws(() => findImageIdByPrefix(store, 'sha512-33'), hasCode('IMAGE_ID_INVALID', 'no image IDs found'))
})

test('calls a prefix of several images ambiguous', (t) => {
  const store = makeStore(t)
  const first = addImage(store, '1')
  const twin = { ...first, imageId: `sha512-${'1'.repeat(63)}2` }
  writeImageRecord(store, twin)
  writeRefs(store, { ...listed(store), imageId: twin.imageId, reference: 'file:/twin' }, 'file:/twin')
  assert.throws(() => findImageIdByPrefix(store, 'sha512-11'), hasCode('IMAGE_ID_INVALID', 'ambiguous image ID: "sha512-11"'))
})

function listed(store: Store): NameRef {
  return readImageByName(store, 'example.com/app', []).ref
}

test('finds an image by name and labels: latest first without a version, then the newest import', (t) => {
  const store = makeStore(t)
  const version = (value: string): { name: string; value: string }[] => [{ name: 'version', value }, { name: 'os', value: 'linux' }]
  addImage(store, '1', { labels: version('1'), latest: true })
  addImage(store, '2', { labels: version('2') })
  addImage(store, '3', { labels: version('2') })
  addImage(store, '4', { name: 'example.com/other' })
  const id = (digit: string): string => `sha512-${digit.repeat(64)}`
  assert.equal(findImageByName(store, 'example.com/app', [])?.ref.imageId, id('1'))
  assert.equal(findImageByName(store, 'example.com/app', [{ name: 'version', value: '2' }])?.ref.imageId, id('3'))
  assert.equal(findImageByName(store, 'example.com/app', [{ name: 'os', value: 'linux' }])?.ref.imageId, id('1'))
  assert.equal(findImageByName(store, 'example.com/app', [{ name: 'os', value: 'freebsd' }]), undefined)
  assert.throws(() => readImageByName(store, 'example.com/none', [{ name: 'os', value: 'linux' }]),
    hasCode('IMAGE_NOT_FOUND', 'cannot find aci satisfying name: "example.com/none" and labels: ["os":"linux"]'))
})

test('lists images by their import, with the last use raised by a touch', (t) => {
  const store = makeStore(t)
  addImage(store, '2')
  addImage(store, '1')
  const before = Date.now() - 5
  touchLastUsed(store, { name: 'example.com/app', imageId: `sha512-${'1'.repeat(64)}` })
  const [first, second] = listImages(store)
  assert.equal(first?.importedAt, '2026-01-01T00:00:00.000Z')
  assert.ok(Date.parse(first.lastUsedAt) >= before)
  assert.equal(second?.imageId, `sha512-${'2'.repeat(64)}`)
})

test('an empty or missing store holds nothing and is not made by looking', (t) => {
  const store = openStore(join(makeStore(t).directory, 'none'))
  assert.deepEqual(listImages(store), [])
  assert.equal(findImageByName(store, 'example.com/app', []), undefined)
  assert.equal(existsSync(store.directory), false)
})

test('keeps the bytes of a removed image as long as a pod pins them', async (t) => {
  const store = makeStore(t)
  const record = addImage(store, '1')
  const other = addImage(store, '2')
  pinForPod(store, uuid, [record], { sync: false })
  const removed = await removeImage(store, record.imageId)
  assert.deepEqual(removed.pinnedBy, [uuid])
  assert.deepEqual(listImages(store).map((image) => image.imageId), [other.imageId])
  assert.ok(findImageRecord(store, record.imageId) !== undefined && existsSync(join(store.directory, 'layers/tree1')))
  unpinPod(store, uuid)
  const swept = await collectGarbage(store)
  assert.deepEqual(swept, { images: [record.imageId], trees: ['tree1'], blobs: [`sha256:${'1'.repeat(64)}`] })
  assert.deepEqual(readdirSync(join(store.directory, 'layers')).sort(), ['tree2', 'tree2.json'])
  assert.deepEqual(readdirSync(join(store.directory, 'ingest')), [])
})

test('drops pins of pods that exist no more', async (t) => {
  const store = makeStore(t)
  const record = addImage(store, '1')
  pinForPod(store, uuid, [record], { sync: false })
  await removeImage(store, record.imageId)
  assert.equal((await collectGarbage(store, { pods: () => [uuid] })).images.length, 0)
  assert.equal((await collectGarbage(store, { pods: () => [] })).images.length, 1)
})

test('removing an image while a pod is being prepared leaves its bytes to the next collection', async (t) => {
  const store = makeStore(t)
  const record = addImage(store, '1')
  const lock = lockPrepare(store, 'shared')
  assert.equal((await removeImage(store, record.imageId)).swept, undefined)
  lock.release()
  assert.deepEqual((await collectGarbage(store)).images, [record.imageId])
})

test('collects what a kill left: trees without a record, ingest directories nobody holds', async (t) => {
  const store = makeStore(t)
  mkdirSync(join(store.directory, 'layers/half/deep'), { recursive: true })
  mkdirSync(join(store.directory, 'ingest/1-dead/x'), { recursive: true })
  await collectGarbage(store)
  assert.deepEqual(readdirSync(join(store.directory, 'layers')), [])
  assert.deepEqual(readdirSync(join(store.directory, 'ingest')), [])
})

test('a file that a killed process was writing hinders nobody, and is collected', async (t) => {
  const store = makeStore(t)
  const record = addImage(store, '1')
  // No process has this number: it is beyond the largest that Linux gives.
  const places = ['images', 'refs/names', 'refs/pods', 'layers']
  const half = places.map((place) => join(store.directory, place, '.new-4194305-0-half.json'))
  mkdirSync(join(store.directory, 'refs/pods'), { recursive: true })
  for (const path of half) writeFileSync(path, '')
  assert.equal(listImages(store).length, 1)
  await collectGarbage(store, { pods: () => [] })
  assert.deepEqual(half.filter((path) => existsSync(path)), [])
  assert.deepEqual(listImages(store).map((image) => image.imageId), [record.imageId])
})

/** Of the image of `addImage` with this digit. */
const entryOf = (store: Store, digit: string): string =>
  join(store.directory, 'refs/names', imageEntryFile('example.com/app', `sha512-${digit.repeat(64)}`))

for (const [what, text, code] of [
  ['damaged', '{"version":1', 'DOCUMENT_INVALID'], ['of another release', '{"version":7}', 'DOCUMENT_VERSION_UNKNOWN'],
] as const) {
  test(`an entry that is ${what} is told with what to do, and hides no other image`, async (t) => {
    const store = makeStore(t)
    addImage(store, '1')
    const other = addImage(store, '2', { sha256: `sha256:${'c'.repeat(64)}` })
    writeFileSync(entryOf(store, '1'), text)
    const damaged: RocketError[] = []
    assert.deepEqual(listImages(store, (error) => damaged.push(error)).map(({ imageId }) => imageId), [other.imageId])
    assert.deepEqual(damaged.map((error) => error.code), [code])
    assert.ok(String(damaged[0]).includes(entryOf(store, '1')), String(damaged[0]))
    assert.match(damaged[0]?.hint ?? '', /rkt image rm sha512-1{64}/)
    assert.equal(findImageIdByPrefix(store, 'sha256:cc'), other.imageId)
    assert.throws(() => findImageByName(store, 'example.com/app', []), hasCode(code))
    await removeImage(store, other.imageId)
    assert.deepEqual((await removeImage(store, findImageIdByPrefix(store, 'sha512-11'))).swept?.images, [`sha512-${'1'.repeat(64)}`])
    assert.deepEqual(readdirSync(join(store.directory, 'refs/names')), [])
  })

  test(`a reference that is ${what} counts as none`, async (t) => {
    const store = makeStore(t)
    const record = addImage(store, '1')
    const path = join(store.directory, 'refs/names', referenceFile('file:/x1.aci'))
    writeFileSync(path, text)
    assert.equal(findReferenceRef(store, 'file:/x1.aci'), undefined)
    await collectGarbage(store)
    assert.equal(existsSync(path), false)
    assert.deepEqual(listImages(store).map(({ imageId }) => imageId), [record.imageId])
  })
}

for (const [name, spoil] of [
  ['a link in the place of the store', (path: string) => { renameSync(path, `${path}2`); symlinkSync(`${path}2`, path) }],
  ['a store that belongs to someone else', (path: string) => chownSync(path, 12345, 0)],
  ['a store that others can write to', (path: string) => chmodSync(path, 0o777)],
  [
    'a link in the place of its layers',
    (path: string) => { rmSync(join(path, 'layers'), { recursive: true }); symlinkSync('/tmp', join(path, 'layers')) },
  ],
  ['layers that others can enter', (path: string) => chmodSync(join(path, 'layers'), 0o711)],
  [
    'a file in the place of ingest',
    (path: string) => { rmSync(join(path, 'ingest'), { recursive: true }); writeFileSync(join(path, 'ingest'), '') },
  ],
] as const) {
  test(`U22: refuses ${name}`, { skip: process.geteuid?.() === 0 ? false : 'needs root to give files away' }, (t) => {
    const { directory } = makeStore(t)
    spoil(directory)
    assert.throws(() => openStore(directory), hasCode('STORE_UNSAFE'))
    assert.throws(() => openStore(directory, { create: true }), hasCode('STORE_UNSAFE'))
  })
}
