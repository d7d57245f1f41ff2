import assert from 'node:assert/strict'
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { isRocketError, type ErrorCode } from '@rocket/contracts'
import { lockFile, releaseLock } from '@rocket/host'
import { makeWorkshop, type Workshop } from '../testing/fetch-in.ts'
import { makeLayout, type MadeLayout } from '../testing/make-layout.ts'
import { copy, openStoreSource } from './copy.ts'

async function place(t: Pick<TestContext, 'after'>): Promise<{ workshop: Workshop; layout: MadeLayout; imageId: string; warnings: string[]; copyTo(to: string, referrers?: boolean): Promise<unknown> }> {
  const workshop = makeWorkshop(t)
  mkdirSync(join(workshop.directory, 'root'))
  writeFileSync(join(workshop.directory, 'root/f'), 'content'.repeat(1000))
  const layout = makeLayout(join(workshop.directory, 'app'), [join(workshop.directory, 'root')], { tag: 'v1' })
  const [record] = await workshop.fetch([`oci:${layout.directory}:v1`])
  const { imageId } = record!
  const warnings: string[] = []
  return {
    workshop, layout, imageId, warnings,
    copyTo: (destination, referrers = true) => copy({
      source: imageId, destination, referrers, overwrite: false, insecure: { http: false, tls: false }, cwd: workshop.directory,
    }, { openStored: () => openStoreSource(workshop.store, imageId), warn: (message) => void warnings.push(message), debug: () => {} }),
  }
}

const coded = (code: ErrorCode) => (error: unknown): boolean => {
  if (isRocketError(error, code)) return true
  throw error
}

test('an image of the store is the one that was fetched, byte for byte', async (t) => {
  const { workshop, layout, copyTo } = await place(t)
  await copyTo('oci:to')
  for (const file of ['index.json', ...readdirSync(join(layout.directory, 'blobs/sha256')).map((name) => `blobs/sha256/${name}`)]) {
    const [was, is] = [layout.directory, join(workshop.directory, 'to')].map((directory) => readFileSync(join(directory, file), 'utf8'))
    if (file !== 'index.json') assert.equal(is, was, file)
    else assert.deepEqual((JSON.parse(is!) as object), JSON.parse(was!))
  }
})

test('nothing is collected while an image of the store is being copied, and the store is free again afterwards', async (t) => {
  const { workshop, imageId } = await place(t)
  const source = await openStoreSource(workshop.store, imageId)
  const lock = (): number => lockFile(join(workshop.directory, 'data/locks/prepareLock'), { kind: 'exclusive' })
  assert.throws(lock, coded('LOCK_HELD'))
  await source.close()
  releaseLock(lock())
})

test('bytes that the store lacks, or that were changed in it, are told by name', async (t) => {
  const { workshop, layout, copyTo } = await place(t)
  const { layers } = JSON.parse(layout.manifest.toString()) as { layers: { digest: string }[] }
  const path = join(workshop.store.directory, 'blobs', layers[0]!.digest.replace(':', '/'))
  const bytes = readFileSync(path)
  bytes[20]! ^= 1
  writeFileSync(path, bytes)
  await assert.rejects(copyTo('oci-archive:a.tar'), coded('LAYER_DIGEST_MISMATCH'))
  rmSync(path)
  await assert.rejects(copyTo('oci-archive:a.tar'), coded('PACK_FAILED'))
  assert.deepEqual(readdirSync(workshop.directory).toSorted(), ['app', 'data', 'root'])
})

test('that the store has no signatures to give is said, unless nobody wants them', async (t) => {
  const { copyTo, warnings } = await place(t)
  await copyTo('oci-archive:a.tar', false)
  assert.deepEqual(warnings, [])
  await copyTo('oci-archive:b.tar')
  assert.match(warnings.join(), /not in the store/)
})
