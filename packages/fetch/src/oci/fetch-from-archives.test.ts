import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { isRocketError } from '@rocket/contracts'
import { listImages } from '@rocket/store'
import { makeWorkshop, type Workshop } from '../testing/fetch-in.ts'
import { makeLayout } from '../testing/make-layout.ts'

const skip = existsSync('/usr/bin/skopeo') ? false : 'needs skopeo: apt-get install skopeo'

/** An image that skopeo has put into archives of every kind. */
function archivesIn(t: TestContext): { workshop: Workshop; at(name: string): string; manifestDigest: string } {
  const workshop = makeWorkshop(t)
  const at = (name: string): string => join(workshop.directory, name)
  mkdirSync(at('root'))
  writeFileSync(at('root/f'), 'content'.repeat(10_000))
  const { manifestDigest } = makeLayout(at('app'), [at('root')], { tag: 'v1' })
  const copy = (to: string): void => void execFileSync('skopeo', ['copy', '--quiet', `oci:${at('app')}:v1`, to], { stdio: 'pipe' })
  copy(`oci-archive:${at('app.tar')}:v1`)
  copy(`docker-archive:${at('saved.tar')}:example.com/web:7`)
  copy(`dir:${at('plain')}`)
  return { workshop, at, manifestDigest }
}

function filesOf(workshop: Workshop, tree: string): string[] {
  return readdirSync(join(workshop.store.directory, tree.replace('store:', '')))
}

test('fetches what skopeo wrote as oci-archive, docker-archive and dir: the same files, and names of their own', { skip }, async (t) => {
  const { workshop, at, manifestDigest } = archivesIn(t)
  const [fromOci, fromDocker, fromDirectory] = await workshop.fetch([
    `oci-archive:${at('app.tar')}:v1`, `docker-archive:${at('saved.tar')}`, `dir:${at('plain')}`,
  ])
  assert.deepEqual([fromOci!.sha256, fromDirectory!.sha256], [manifestDigest, manifestDigest])
  for (const record of [fromOci, fromDocker]) assert.deepEqual(filesOf(workshop, record!.rootfs[0]!), ['f'])
  const listed = listImages(workshop.store).map(({ name, version }) => [name, version])
  assert.deepEqual(listed.toSorted(), [['archive/app', 'v1'], ['archive/saved/example.com/web', '7'], ['plain', undefined]])
  const [byName] = await workshop.fetch(['archive/saved/example.com/web:7'])
  assert.equal(byName!.imageId, fromDocker!.imageId)
})

for (const [name, compress] of [['gz', gzipSync], ['zst', zstdCompressSync]] as const) {
  test(`fetches an archive that was compressed to .tar.${name}, by digest as well`, { skip }, async (t) => {
    const { workshop, at, manifestDigest } = archivesIn(t)
    writeFileSync(at(`app.tar.${name}`), compress(readFileSync(at('app.tar'))))
    for (const image of [`:v1`, `@${manifestDigest}`]) {
      const [record] = await workshop.fetch([`oci-archive:${at(`app.tar.${name}`)}${image}`])
      assert.equal(record!.sha256, manifestDigest)
    }
    assert.deepEqual(readdirSync(join(workshop.store.directory, 'ingest')), [])
  })
}

test('an image of an archive cannot be found by the name of another one', { skip }, async (t) => {
  const { workshop, at } = archivesIn(t)
  await workshop.fetch([`docker-archive:${at('saved.tar')}`])
  for (const name of ['example.com/web:7', 'example.com/web', 'docker://example.com/web:7']) {
    await assert.rejects(workshop.fetch([name], { pullPolicy: 'never' }), (error) => isRocketError(error, 'IMAGE_NOT_FOUND'), name)
  }
})

test('keeps nothing of an archive whose layer was changed', { skip }, async (t) => {
  const { workshop, at } = archivesIn(t)
  const bytes = readFileSync(at('saved.tar'))
  bytes.write('CONTENT', bytes.indexOf('contentcontent'))
  writeFileSync(at('saved.tar'), bytes)
  await assert.rejects(workshop.fetch([`docker-archive:${at('saved.tar')}`]), (error) => isRocketError(error, 'LAYER_DIGEST_MISMATCH'))
  for (const kept of ['layers', 'images', 'refs/names', 'ingest']) assert.deepEqual(readdirSync(join(workshop.store.directory, kept)), [], kept)
})

test('refuses archives without a waiver, and directories that are none', { skip }, async (t) => {
  const { workshop, at } = archivesIn(t)
  const insecure = { image: false, tls: false, http: false, pubkey: false }
  await assert.rejects(workshop.fetch([`oci-archive:${at('app.tar')}`], { insecure }), (error) => isRocketError(error, 'SIGNATURE_REQUIRED'))
  rmSync(at('plain/version'))
  await assert.rejects(workshop.fetch([`dir:${at('plain')}`]), (error) => isRocketError(error, 'IMAGE_ARCHIVE_INVALID'))
  await assert.rejects(workshop.fetch([`oci-archive:${at('saved.tar')}`]), (error) => isRocketError(error, 'OCI_LAYOUT_INVALID'))
  await assert.rejects(workshop.fetch([`docker-archive:${at('app.tar')}`]), (error) => isRocketError(error, 'IMAGE_ARCHIVE_INVALID'))
})
