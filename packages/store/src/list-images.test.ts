import assert from 'node:assert/strict'
import { existsSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import fc from 'fast-check'
import type { NameRef } from '@rocket/contracts'
import { listImages, touchLastUsed, type Store } from './index.ts'
import { removeNames } from './remove-image.ts'
import { imageEntryFile } from './store-names.ts'
import { writeRefs } from './refs.ts'
import { makeStore } from './testing/make-store.ts'

const indexFile = 'refs/names.index'

function ref(number: number, more: Partial<NameRef> = {}): NameRef {
  const time = new Date(1_700_000_000_000 + number * 1000).toISOString()
  return {
    version: 1, imageId: `sha512-${String(number).padStart(64, '0')}`, reference: `file:/${number}`, name: `example.com/app-${number}`,
    labels: number % 2 === 0 ? [] : [{ name: 'version', value: `1.${number}` }], latest: false, sizeBytes: number, importedAt: time, lastUsedAt: time,
    ...more,
  }
}

/** A store of forty images whose directory was left alone long enough to be indexed. */
async function makeSettled(t: Parameters<typeof makeStore>[0]): Promise<Store> {
  const store = makeStore(t)
  for (let number = 0; number < 40; number++) writeRefs(store, ref(number), `file:/${number}`)
  await setTimeout(2100)
  listImages(store)
  assert.ok(existsSync(join(store.directory, indexFile)), 'the list left an index')
  return store
}

/** What reading the entries themselves gives. */
function withoutIndex(store: Store): ReturnType<typeof listImages> {
  rmSync(join(store.directory, indexFile), { force: true })
  return listImages(store)
}

test('a list by the index is the list by the entries, whatever happened since', async (t) => {
  const store = await makeSettled(t)
  const index = readFileSync(join(store.directory, indexFile))
  const number = fc.nat(45)
  const event = fc.oneof(
    fc.record({ kind: fc.constant('write' as const), number, sizeBytes: fc.nat(9) }),
    fc.record({ kind: fc.constant('remove' as const), number }),
    fc.record({ kind: fc.constant('use' as const), number }),
  )
  fc.assert(fc.property(fc.array(event, { maxLength: 6 }), (events) => {
    writeFileSync(join(store.directory, indexFile), index)
    for (const one of events) {
      const { imageId, name, reference } = ref(one.number)
      if (one.kind === 'write') writeRefs(store, ref(one.number, { sizeBytes: one.sizeBytes }), reference)
      else if (one.kind === 'remove') removeNames(store, imageId)
      else touchLastUsed(store, { name, imageId })
    }
    const listed = listImages(store)
    assert.deepEqual(listed, withoutIndex(store))
  }), { numRuns: 40 })
})

test('an index that is damaged, cut off or of another release counts as none', async (t) => {
  const store = await makeSettled(t)
  const path = join(store.directory, indexFile)
  const text = readFileSync(path, 'utf8')
  const expected = listImages(store)
  for (const spoilt of [text.replace('app-7', 'app-8'), text.slice(0, -3), '', text.replace('rocket-names-1', 'rocket-names-0')]) {
    writeFileSync(path, spoilt)
    assert.deepEqual(listImages(store), expected)
  }
})

test('nothing is indexed while the directory is still changing, or of a store with few images', (t) => {
  const store = makeStore(t)
  for (let number = 0; number < 40; number++) writeRefs(store, ref(number), `file:/${number}`)
  listImages(store)
  assert.equal(existsSync(join(store.directory, indexFile)), false, 'another change would not show in its times')
})

test('an entry that cannot be read is told of each time', async (t) => {
  const store = await makeSettled(t)
  const file = join(store.directory, 'refs/names', imageEntryFile('example.com/app-3', ref(3).imageId))
  writeFileSync(file, 'x')
  const past = Date.now() / 1000 - 60
  utimesSync(join(store.directory, 'refs/names'), past, past)
  for (const _ of [1, 2]) {
    const told: string[] = []
    assert.equal(listImages(store, ({ code }) => told.push(code)).length, 39)
    assert.deepEqual(told, ['DOCUMENT_INVALID'])
  }
})
