import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { ftruncateSync, linkSync, mkdirSync, openSync, closeSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { measureStore } from './measure-store.ts'
import { addImage, makeStore } from './testing/make-store.ts'

/** In bytes, as coreutils counts. */
function du(path: string): number {
  return Number(execFileSync('du', ['-s', '-B1', path], { encoding: 'utf8' }).split('\t')[0])
}

test('bytes are those that du counts, with hard links, holes and shared trees', (t) => {
  const store = makeStore(t)
  const at = (name: string): string => join(store.directory, 'layers', name)
  const one = addImage(store, '1')
  const two = addImage(store, '2', {}, ['store:layers/tree1'])
  addImage(store, '3')
  writeFileSync(at('tree1/file'), Buffer.alloc(100_000, 1))
  linkSync(at('tree1/file'), at('tree1/again'))
  mkdirSync(at('tree2/deep/er'), { recursive: true })
  writeFileSync(at('tree2/deep/er/x'), 'x'.repeat(5000))
  const fd = openSync(at('tree2/sparse'), 'w')
  ftruncateSync(fd, 1 << 30)
  closeSync(fd)
  symlinkSync('/', at('tree2/root'))
  mkdirSync(at('stray'))
  writeFileSync(at('stray/x'), 'x'.repeat(9000))
  mkdirSync(join(store.directory, 'ingest/1-x'))
  writeFileSync(join(store.directory, 'ingest/1-x/half'), 'x'.repeat(7000))
  const measured = measureStore(store)
  assert.equal(measured.totalBytes, du(store.directory))
  const sizes = new Map(measured.images.map((image) => [image.imageId, image]))
  const sharedBytes = du(at('tree1')) + du(`${at('tree1')}.json`) + du(join(store.directory, 'blobs/sha256', '1'.repeat(64)))
  assert.equal(measured.sharedBytes, sharedBytes)
  assert.equal(sizes.get(one.imageId)?.sharedBytes, sharedBytes)
  assert.equal(sizes.get(two.imageId)?.sharedBytes, sharedBytes)
  assert.ok(sizes.get(two.imageId)!.ownBytes >= du(at('tree2')) && sizes.get(two.imageId)!.ownBytes < 100_000, 'a hole takes no room')
  assert.equal(measured.unusedBytes, du(at('stray')))
  const sum = measured.images.reduce((total, { ownBytes }) => total + ownBytes, 0)
  assert.equal(sum + measured.sharedBytes + measured.unusedBytes + measured.otherBytes, du(store.directory))
})
