import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { collectGarbage, explainGarbage, pinForPod, removeImage, type SweepItem } from './index.ts'
import { addImage, makeStore } from './testing/make-store.ts'

const uuid = '00000000-0000-4000-8000-000000000001'

function keptBy(items: readonly SweepItem[], kind: SweepItem['kind'], name: string): string | undefined {
  const found = items.find((item) => item.kind === kind && item.name === name)
  assert.ok(found !== undefined, `${kind} ${name} is not explained`)
  return found.keptBy?.join(' → ')
}

test('explains everything by the path from a name or a pod, and what goes by the lack of one', async (t) => {
  const store = makeStore(t)
  const named = addImage(store, '1', { labels: [{ name: 'version', value: '2' }] })
  const pinned = addImage(store, '2')
  const gone = addImage(store, '3')
  pinForPod(store, uuid, [pinned], { sync: false })
  await removeImage(store, pinned.imageId)
  await removeImage(store, gone.imageId)
  mkdirSync(join(store.directory, 'layers/stray'))
  const items = await explainGarbage(store, { pods: () => [uuid] })
  assert.equal(keptBy(items, 'image', named.imageId), 'name example.com/app:2')
  assert.equal(keptBy(items, 'tree', 'tree1'), `name example.com/app:2 → image ${named.imageId}`)
  assert.equal(keptBy(items, 'blob', `sha256:${'1'.repeat(64)}`), `name example.com/app:2 → image ${named.imageId}`)
  assert.equal(keptBy(items, 'tree', 'tree2'), `pod ${uuid} → image ${pinned.imageId}`)
  assert.equal(keptBy(items, 'tree', 'stray'), undefined)
  const later = await explainGarbage(store, { pods: () => [], images: () => [named.imageId] })
  assert.deepEqual(later.filter((item) => item.keptBy !== undefined), [])
})

test('what is explained is what is then done', async (t) => {
  const store = makeStore(t)
  for (const digit of ['1', '2', '3']) addImage(store, digit)
  const options = { pods: () => [], images: () => [`sha512-${'2'.repeat(64)}`] }
  const going = (await explainGarbage(store, options)).filter((item) => item.keptBy === undefined)
  const swept = await collectGarbage(store, options)
  assert.deepEqual(swept.images, going.filter(({ kind }) => kind === 'image').map(({ name }) => name))
  assert.deepEqual(swept.trees, going.filter(({ kind }) => kind === 'tree').map(({ name }) => name))
  assert.deepEqual(swept.blobs, going.filter(({ kind }) => kind === 'blob').map(({ name }) => name))
  assert.equal(swept.trees.length, 1)
})

test('while a record that has a name cannot be read, no tree and no blob is removed', async (t) => {
  const store = makeStore(t)
  const damaged = addImage(store, '1')
  const other = addImage(store, '2')
  writeFileSync(join(store.directory, `images/${damaged.imageId}.json`), '{')
  const swept = (await removeImage(store, other.imageId)).swept
  assert.deepEqual(swept, { images: [other.imageId], trees: [], blobs: [] })
  const why = keptBy(await explainGarbage(store), 'tree', 'tree2')
  assert.equal(why, `images/${damaged.imageId}.json cannot be read, so nobody knows what it needs`)
  await removeImage(store, damaged.imageId)
  assert.deepEqual((await explainGarbage(store)).length, 0)
})

test('a damaged pin of a pod that exists keeps everything, one of a pod that is gone nothing', async (t) => {
  const store = makeStore(t)
  const record = addImage(store, '1')
  pinForPod(store, uuid, [record], { sync: false })
  writeFileSync(join(store.directory, `refs/pods/${uuid}.json`), '[]')
  await removeImage(store, record.imageId)
  assert.deepEqual((await collectGarbage(store, { pods: () => [uuid] })).trees, [])
  assert.deepEqual((await collectGarbage(store, { pods: () => [] })).trees, ['tree1'])
})
