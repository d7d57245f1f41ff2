import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { copyFileSync, existsSync, readFileSync, readdirSync, rmSync, truncateSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { test } from 'node:test'
import { isRocketError, type ErrorCode } from '@rocket/contracts'
import { collectGarbage, findImageIdByPrefix, findReferenceRef, listImages, listPins, removeImage } from '@rocket/store'
import { makeWorkshop } from './testing/fetch-in.ts'
import { makeAci } from './testing/make-aci.ts'

const checks = { insecure: { image: false, tls: false, http: false, pubkey: false } }

function hasCode(code: ErrorCode, what?: RegExp): (error: unknown) => boolean {
  return (error) => {
    assert.ok(isRocketError(error, code), String(error))
    if (what !== undefined) assert.match(error.message, what)
    return true
  }
}

for (const compression of ['', '--gzip', '--zstd', '--xz', '--bzip2']) {
  test(`stores an ACI packed with ${compression || 'no compression'}`, async (t) => {
    const workshop = makeWorkshop(t)
    const path = makeAci(workshop.directory, 'x.aci', {}, ...(compression === '' ? [] : [compression]))
    const [record] = await workshop.fetch([path])
    const [tree] = record!.rootfs
    assert.equal(readFileSync(join(workshop.store.directory, tree!.replace('store:', ''), 'bin/true'), 'utf8'), '#!/bin/sh\n')
    assert.deepEqual(readFileSync(join(workshop.store.directory, 'blobs', record!.layers[0]!.digest.replace(':', '/'))), readFileSync(path))
    assert.equal(record!.manifest.app?.exec[0], '/bin/true')
    assert.deepEqual(listImages(workshop.store).map(({ imageId, name }) => [imageId, name]), [[record!.imageId, 'example.com/true']])
    assert.deepEqual(listPins(workshop.store)[0]?.images, [record!.imageId])
    assert.deepEqual(readdirSync(join(workshop.store.directory, 'ingest')), [])
    const evidence = JSON.parse(
      readFileSync(join(workshop.store.directory, 'evidence', record!.imageId, '1.json'), 'utf8')
    ) as { verdict: string; source: string }
    assert.deepEqual([evidence.verdict, evidence.source], ['waived', `file://${path}`])
    assert.equal(workshop.debug[0], `using image from file ${path}`)
  })
}

test('names an image by the SHA-512 of its tar, however it is packed', async (t) => {
  const workshop = makeWorkshop(t)
  const plain = makeAci(workshop.directory)
  const expected = execFileSync('sha512sum', [plain], { encoding: 'utf8' }).slice(0, 64)
  execFileSync('gzip', ['-k', plain])
  copyFileSync(`${plain}.gz`, join(workshop.directory, 'y.aci'))
  const records = await workshop.fetch([plain, join(workshop.directory, 'y.aci')])
  assert.deepEqual(records.map((record) => record.imageId), [`sha512-${expected}`, `sha512-${expected}`])
  assert.equal(readdirSync(join(workshop.store.directory, 'layers')).length, 2)
})

test('finds an image of the store by ID and by name, without reading anything else', async (t) => {
  const workshop = makeWorkshop(t)
  const path = makeAci(workshop.directory)
  const [record] = await workshop.fetch([path])
  rmSync(path)
  workshop.debug.length = 0
  const arch = process.arch === 'x64' ? 'example.com/true' : 'example.com/true,arch=amd64'
  const found = await workshop.fetch([record!.imageId.slice(0, 20), arch, `${arch.replace('true', 'true:1.0')}`], checks)
  assert.deepEqual(found.map(({ imageId }) => imageId), [record!.imageId, record!.imageId, record!.imageId])
  assert.deepEqual(
    workshop.debug.slice(0, 2),
    [`using image from the store with hash ${record!.imageId}`, `using image from local store for image name ${arch}`],
  )
  assert.equal(findImageIdByPrefix(workshop.store, record!.imageId.slice(0, 12)), record!.imageId)
})

test('reads a file again only when it has changed', async (t) => {
  const workshop = makeWorkshop(t)
  const path = makeAci(workshop.directory)
  await workshop.fetch([path])
  assert.equal(findReferenceRef(workshop.store, `file:${path}`)?.ref.http, undefined, 'a file that has just been written may change unseen')
  await setTimeout(2100)
  const [record] = await workshop.fetch([path])
  const ino = (): number => Number(findReferenceRef(workshop.store, `file:${path}`)!.ref.importedAt.replace(/\D/g, ''))
  const imported = ino()
  await workshop.fetch([path])
  assert.equal(ino(), imported)
  utimesSync(path, 1, 1)
  makeAci(workshop.directory, 'x.aci', { name: 'example.com/other' })
  utimesSync(path, 1, 1)
  const [changed] = await workshop.fetch([path])
  assert.notEqual(changed!.imageId, record!.imageId)
})

test('refuses an unsigned file in the words of rkt', async (t) => {
  const workshop = makeWorkshop(t)
  const path = makeAci(workshop.directory)
  await assert.rejects(workshop.fetch([path], checks), (error) => {
    assert.ok(isRocketError(error, 'SIGNATURE_REQUIRED'))
    assert.equal(error.what, 'error opening signature file')
    assert.equal((error.cause as Error).message, `open ${path}.asc: no such file or directory`)
    return true
  })
  writeFileSync(`${path}.asc`, 'signature')
  await assert.rejects(workshop.fetch([path], checks), hasCode('SIGNATURE_UNREADABLE', /no OpenPGP signature/))
  await workshop.fetch([path])
  await assert.rejects(workshop.fetch([path], checks), hasCode('SIGNATURE_UNREADABLE'), 'a file is read, and checked, every time')
})

for (const [name, spoil, code] of [
  ['a truncated archive', (path: string) => truncateSync(path, 300), 'LAYER_CORRUPT'],
  ['an empty file', (path: string) => truncateSync(path, 0), 'LAYER_CORRUPT'],
  ['a text', (path: string) => writeFileSync(path, '<html>not found</html>'), 'LAYER_CORRUPT'],
  ['a missing file', (path: string) => rmSync(path), 'IMAGE_NOT_FOUND'],
] as const) {
  test(`keeps nothing of ${name}`, async (t) => {
    const workshop = makeWorkshop(t)
    const path = makeAci(workshop.directory, 'x.aci', {}, '--gzip')
    spoil(path)
    await assert.rejects(workshop.fetch([path]), hasCode(code))
    for (const place of ['layers', 'images', 'refs/names', 'refs/pods', 'blobs/sha256', 'ingest']) assert.deepEqual(
      readdirSync(join(workshop.store.directory, place)), [], place,
    )
  })
}

test('says in the words of rkt what was found nowhere', async (t) => {
  const workshop = makeWorkshop(t)
  const tail = 'either image was not found in the store or store was disabled and fetching from remote yielded nothing or it was disabled'
  for (const [reference, text] of [
    ['example.com/none', `unable to fetch image from image name "example.com/none": ${tail}`],
    ['https://example.com/none.aci', `unable to fetch image from URL "https://example.com/none.aci": ${tail}`],
    ['docker://127.0.0.1:1/none', `unable to fetch docker image from URL "docker://127.0.0.1:1/none:latest": ${tail}`],
  ] as const) {
    await assert.rejects(
      workshop.fetch([reference], { pullPolicy: 'never' }), (error) => isRocketError(error, 'IMAGE_NOT_FOUND') && error.message === text,
      reference,
    )
  }
  await assert.rejects(workshop.fetch(['docker://127.0.0.1:1/none'], checks), hasCode('SIGNATURE_REQUIRED', /no key is trusted for it/))
})

test('removing and collecting an image leaves nothing of it', async (t) => {
  const workshop = makeWorkshop(t)
  const [record] = await workshop.fetch([makeAci(workshop.directory)])
  assert.equal((await removeImage(workshop.store, record!.imageId)).pinnedBy.length, 1)
  assert.ok(existsSync(join(workshop.store.directory, 'images', `${record!.imageId}.json`)))
  await collectGarbage(workshop.store, { pods: () => [] })
  for (const place of ['layers', 'images', 'refs/names', 'refs/pods', 'blobs/sha256', 'evidence']) assert.deepEqual(
    readdirSync(join(workshop.store.directory, place)), [], place,
  )
})
