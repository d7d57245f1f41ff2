import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { gzipSync } from 'node:zlib'
import { sha256Hex } from '@rocket/host'
import { hasCode } from '../testing/has-code.ts'
import { type EntrySpec, makeTar } from '../testing/make-tar.ts'
import { openContentArchive } from './content-archive.ts'
import { listDockerNames, openDockerArchive } from './docker-archive.ts'
import { type ImageSource, readImage } from './image-source.ts'

const platform = { os: 'linux', architecture: 'amd64' }
const layer = makeTar([{ name: 'a', content: 'x' }])
const diffId = `sha256:${sha256Hex(layer)}`
const configOf = (diffIds: string[], architecture = 'amd64'): string =>
  JSON.stringify({ architecture, os: 'linux', rootfs: { type: 'layers', diff_ids: diffIds } })
const config = configOf([diffId])
const configName = `${sha256Hex(config)}.json`
const described = { Config: configName, RepoTags: ['web:1', 'docker.io/library/web:latest'], Layers: ['l/layer.tar'] }
const parts: EntrySpec[] = [
  { name: configName, content: config }, { name: 'l/' }, { name: 'l/VERSION', content: '1.0' }, { name: 'l/layer.tar', content: layer },
]

async function open(t: Pick<TestContext, 'after'>, specs: readonly EntrySpec[], reference?: string): Promise<ImageSource> {
  const directory = mkdtempSync(join(tmpdir(), 'rocket-docker-'))
  t.after(() => rmSync(directory, { recursive: true }))
  writeFileSync(join(directory, 'a.tar'), makeTar(specs))
  const files = await openContentArchive(join(directory, 'a.tar'), directory)
  t.after(() => files.close())
  assert.ok(Array.isArray(listDockerNames(files)))
  return openDockerArchive(files, reference)
}

const manifest = (...images: unknown[]): EntrySpec => ({ name: 'manifest.json', content: JSON.stringify(images) })

test('an image is found by any of its names, by its number, or because it is the only one; its digest is always the same', async (t) => {
  const other = { ...described, RepoTags: null, Layers: [] as string[], Config: 'other.json' }
  const two = [...parts, { name: 'other.json', content: configOf([]) }, manifest(described, other)]
  const digests: string[] = []
  for (const reference of ['web:1', 'web', 'library/web', 'docker.io/library/web:1', '@0']) {
    const image = await readImage(await open(t, two, reference), platform)
    assert.deepEqual(image.layers, [{ descriptor: { mediaType: 'application/vnd.docker.image.rootfs.diff.tar', digest: diffId, size: layer.length }, diffId }])
    digests.push(image.manifestDigest)
  }
  digests.push((await readImage(await open(t, [...parts, manifest(described)]), platform)).manifestDigest)
  assert.equal(new Set(digests).size, 1)
  assert.equal((await readImage(await open(t, two, '@1'), platform)).layers.length, 0)
  await assert.rejects(open(t, two), hasCode('OCI_TAG_NOT_FOUND', /holds 2 images/))
  await assert.rejects(open(t, two, 'web:2'), hasCode('OCI_TAG_NOT_FOUND', /"web:1"/))
})

test('layers that are links, as old archives have them, and layers that are compressed', async (t) => {
  const linked = [...parts, { name: 'm/layer.tar', linkname: '../l/layer.tar' }, manifest({ ...described, Layers: ['m/layer.tar'] })]
  assert.equal((await open(t, linked)).root.digest, (await open(t, [...parts, manifest(described)])).root.digest)
  const zipped = gzipSync(layer)
  const image = await readImage(await open(t, [...parts, { name: 'z', content: zipped }, manifest({ ...described, Layers: ['z'] })]), platform)
  assert.deepEqual(image.layers, [{
    diffId, descriptor: { mediaType: 'application/vnd.docker.image.rootfs.diff.tar.gzip', digest: `sha256:${sha256Hex(zipped)}`, size: zipped.length },
  }])
})

for (const [what, specs, code, text] of [
  ['without manifest.json', parts, 'IMAGE_ARCHIVE_INVALID', /no manifest.json/],
  ['whose manifest.json is no list', [...parts, { name: 'manifest.json', content: '{}' }], 'IMAGE_ARCHIVE_INVALID', /list images/],
  ['whose manifest.json is cut short', [...parts, { name: 'manifest.json', content: '[{' }], 'IMAGE_ARCHIVE_INVALID', /not JSON/],
  ['whose manifest.json gives a key twice', [...parts, { name: 'manifest.json', content: '[{"Config":"a","Config":"b"}]' }], 'IMAGE_ARCHIVE_INVALID', /twice/],
  ['that names a layer outside', [...parts, manifest({ ...described, Layers: ['../../etc/passwd'] })], 'ENTRY_ESCAPES_ROOTFS', /climbs/],
  ['that lacks a layer', [...parts, manifest({ ...described, Layers: ['none'] })], 'IMAGE_ARCHIVE_INVALID', /lacks "none"/],
  ['that lacks a configuration', [...parts, manifest({ ...described, Config: 'none' })], 'IMAGE_ARCHIVE_INVALID', /lacks "none"/],
  ['with more layers than its configuration has', [...parts, manifest({ ...described, Layers: ['l/layer.tar', 'l/layer.tar'] })], 'IMAGE_ARCHIVE_INVALID', /2 layers/],
  ['whose configuration is not what its name says', [...parts.slice(1), { name: configName, content: configOf([diffId], 's390x') }, manifest(described)], 'LAYER_DIGEST_MISMATCH', /hashes/],
  ['whose layer is no tar', [...parts, { name: 'z', content: '<html>' }, manifest({ ...described, Layers: ['z'] })], 'LAYER_CORRUPT', /filetype/],
] as const) test(`refuses an archive ${what}`, async (t) => {
  await assert.rejects(async () => {
    const source = await open(t, specs)
    await readImage(source, platform)
  }, hasCode(code, text))
})
