import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { checkIsImage, parseImageConfig, parseManifestOrIndex } from './oci-documents.ts'
import { openContentDirectory } from './content/content-files.ts'
import { type FoundImage, readImage } from './content/image-source.ts'
import { listOciTags, openOciLayout } from './oci-layout.ts'
import { pickPlatform, type Platform } from './platform.ts'
import { hasCode } from './testing/has-code.ts'
import { LayoutMaker } from './testing/make-layout.ts'
import { makeTar } from './testing/make-tar.ts'

const amd64 = { os: 'linux', architecture: 'amd64' }
const readOciLayout = async (directory: string, tagOrDigest: string | undefined, platform: Platform): Promise<FoundImage> =>
  readImage(openOciLayout(openContentDirectory(directory), tagOrDigest), platform)
const refName = 'org.opencontainers.image.ref.name'
const manifestType = 'application/vnd.oci.image.manifest.v1+json'
const indexType = 'application/vnd.oci.image.index.v1+json'
const tar = makeTar([{ name: 'a', content: 'x' }])

function maker(t: TestContext): LayoutMaker {
  const directory = mkdtempSync(join(tmpdir(), 'rocket-layout-'))
  t.after(() => rmSync(directory, { recursive: true }))
  return new LayoutMaker(directory)
}

test('finds an image by its tag, by the tag of a whole reference, or because it is the only one', async (t) => {
  const layout = maker(t)
  const one = { ...layout.image([tar]), annotations: { [refName]: '1.0' } }
  layout.index([one])
  assert.equal((await readOciLayout(layout.directory, undefined, amd64)).manifestDigest, one.digest)
  const two = { ...layout.image([tar, tar]), annotations: { [refName]: 'docker.io/library/web:2.0' } }
  layout.index([one, two])
  const image = await readOciLayout(layout.directory, '2.0', amd64)
  assert.equal(image.manifestDigest, two.digest)
  assert.deepEqual(
    image.layers.map(({ diffId }) => diffId),
    image.config.rootfs.diff_ids,
  )
  assert.deepEqual(listOciTags(openContentDirectory(layout.directory)), ['1.0', 'docker.io/library/web:2.0'])
  await assert.rejects(readOciLayout(layout.directory, undefined, amd64), hasCode('OCI_TAG_NOT_FOUND', /holds 2 images/))
  await assert.rejects(readOciLayout(layout.directory, '3', amd64), hasCode('OCI_TAG_NOT_FOUND', /"1.0"/))
})

test('follows nested indexes to the right platform, or to a digest, and not for ever', async (t) => {
  const layout = maker(t)
  const arm = layout.image([tar], { architecture: 'arm64', os: 'linux', variant: 'v8' })
  const intel = layout.image([tar])
  const nested = (inner: object[]): ReturnType<LayoutMaker['json']> =>
    layout.json({ schemaVersion: 2, mediaType: indexType, manifests: inner }, indexType)
  const inner = nested([
    { ...arm, platform: { architecture: 'arm64', os: 'linux', variant: 'v8' } },
    { ...intel, platform: amd64 },
  ])
  layout.index([nested([{ ...inner, platform: amd64 }])])
  assert.equal((await readOciLayout(layout.directory, undefined, amd64)).manifestDigest, intel.digest)
  assert.equal((await readOciLayout(layout.directory, intel.digest, amd64)).manifestDigest, intel.digest)
  assert.equal((await readOciLayout(layout.directory, inner.digest, amd64)).manifestDigest, intel.digest)
  const missing = `sha256:${'0'.repeat(64)}`
  await assert.rejects(readOciLayout(layout.directory, missing, amd64), hasCode('OCI_TAG_NOT_FOUND', new RegExp(`no image ${missing}`)))
  let deep = intel
  for (let depth = 0; depth < 6; depth++) deep = nested([{ ...deep, platform: amd64 }])
  layout.index([deep])
  await assert.rejects(readOciLayout(layout.directory, undefined, amd64), hasCode('IMAGE_DOCUMENT_INVALID', /nested/))
})

const entry = (architecture: string, variant?: string, more: object = {}): object => ({
  mediaType: manifestType,
  digest: `sha256:${'a'.repeat(64)}`,
  size: 1,
  platform: { os: 'linux', architecture, ...(variant === undefined ? {} : { variant }) },
  ...more,
})
for (const [what, entries, wanted, index] of [
  ['the architecture decides', [entry('arm64'), entry('amd64')], amd64, 1],
  [
    'the best variant that still runs wins',
    [entry('arm', 'v5'), entry('arm', 'v7'), entry('arm', 'v6')],
    { os: 'linux', architecture: 'arm', variant: 'v7' },
    1,
  ],
  [
    'a variant that does not run is no choice',
    [entry('arm', 'v7'), entry('arm', 'v6')],
    { os: 'linux', architecture: 'arm', variant: 'v6' },
    1,
  ],
  ['arm64 without a variant is v8', [entry('arm64')], { os: 'linux', architecture: 'arm64', variant: 'v8' }, 0],
  ['amd64 stays at its first variant unless asked', [entry('amd64', 'v3'), entry('amd64')], amd64, 1],
  [
    'attestations are not images',
    [entry('amd64', undefined, { annotations: { 'vnd.docker.reference.type': 'attestation-manifest' } }), entry('amd64')],
    amd64,
    1,
  ],
  ['a single entry without a platform is meant', [{ ...entry('amd64'), platform: undefined }], amd64, 0],
  ['nothing fits', [entry('s390x'), entry('arm', 'v7')], amd64, undefined],
  [
    'another system does not fit',
    [{ ...entry('amd64'), platform: { os: 'windows', architecture: 'amd64' } }, entry('arm64')],
    amd64,
    undefined,
  ],
] as const)
  test(`platforms: ${what}`, () => {
    const document = parseManifestOrIndex(Buffer.from(JSON.stringify({ schemaVersion: 2, manifests: entries })))
    assert.equal(document.kind, 'index')
    if (document.kind !== 'index') return
    if (index === undefined)
      assert.throws(() => pickPlatform(document.index, wanted), hasCode('PLATFORM_NOT_FOUND', /exists for linux\/s390x|exists for windows/))
    else assert.equal(pickPlatform(document.index, wanted), document.index.manifests[index])
  })

const good = {
  schemaVersion: 2,
  config: { mediaType: 'application/vnd.oci.image.config.v1+json', digest: `sha256:${'b'.repeat(64)}`, size: 2 },
  layers: [],
}
for (const [what, code, text, type] of [
  ['a manifest and an index at once', 'IMAGE_DOCUMENT_AMBIGUOUS', JSON.stringify({ ...good, manifests: [] }), undefined],
  ['a manifest and, in capitals, an index', 'IMAGE_DOCUMENT_AMBIGUOUS', JSON.stringify({ ...good, Manifests: [] }), undefined],
  ['a manifest that came as an index', 'IMAGE_DOCUMENT_AMBIGUOUS', JSON.stringify(good), indexType],
  ['a manifest that says it is an index', 'IMAGE_DOCUMENT_AMBIGUOUS', JSON.stringify({ ...good, mediaType: indexType }), undefined],
  [
    'a manifest of docker that came as one of OCI',
    'IMAGE_DOCUMENT_AMBIGUOUS',
    JSON.stringify({ ...good, mediaType: 'application/vnd.docker.distribution.manifest.v2+json' }),
    manifestType,
  ],
  ['a key given twice', 'IMAGE_DOCUMENT_AMBIGUOUS', JSON.stringify(good).replace('"layers"', '"layers":[],"layers"'), undefined],
  [
    'a key given twice in other letters',
    'IMAGE_DOCUMENT_AMBIGUOUS',
    JSON.stringify(good).replace('"layers"', '"Layers":[],"layers"'),
    undefined,
  ],
  ['a key __proto__', 'IMAGE_DOCUMENT_AMBIGUOUS', JSON.stringify(good).replace('"layers"', '"__proto__":{},"layers"'), undefined],
  ['schema 1', 'IMAGE_DOCUMENT_INVALID', '{"schemaVersion":1,"fsLayers":[]}', undefined],
  ['neither', 'IMAGE_DOCUMENT_INVALID', '{"schemaVersion":2}', undefined],
  ['a list', 'IMAGE_DOCUMENT_INVALID', '[]', undefined],
  ['text after its end', 'IMAGE_DOCUMENT_INVALID', `${JSON.stringify(good)}x`, undefined],
  ['deep nesting', 'IMAGE_DOCUMENT_INVALID', `{"layers":${'['.repeat(200)}${']'.repeat(200)}}`, undefined],
  ['more bytes than a registry takes', 'IMAGE_DOCUMENT_INVALID', `${' '.repeat(5 << 20)}{}`, undefined],
  [
    'a digest that climbs',
    'IMAGE_DOCUMENT_INVALID',
    JSON.stringify({ ...good, config: { ...good.config, digest: 'sha256:../../x' } }),
    undefined,
  ],
  [
    'a size beyond what can be counted',
    'IMAGE_DOCUMENT_INVALID',
    JSON.stringify(good).replace('"size":2', '"size":9007199254740993'),
    undefined,
  ],
] as const)
  test(`F1, F3: refuses a manifest with ${what}`, () => assert.throws(() => parseManifestOrIndex(Buffer.from(text), type), hasCode(code)))

test('a media type with parameters, or one that says nothing, is no contradiction', () => {
  for (const type of [`${manifestType}; charset=utf-8`, 'application/json', '', undefined])
    assert.equal(parseManifestOrIndex(Buffer.from(JSON.stringify(good)), type).kind, 'manifest')
})

test('what is not an image is not taken for one', () => {
  for (const manifest of [
    { ...good, config: { ...good.config, mediaType: 'application/vnd.cncf.helm.config.v1+json' } },
    { ...good, layers: [{ ...good.config, mediaType: 'application/vnd.oci.image.layer.v1.tar+encrypted' }] },
  ]) {
    const document = parseManifestOrIndex(Buffer.from(JSON.stringify(manifest)))
    if (document.kind === 'manifest') assert.throws(() => checkIsImage(document.manifest), hasCode('IMAGE_DOCUMENT_INVALID'))
  }
  assert.throws(() => parseImageConfig(Buffer.from('{"architecture":"amd64"}')), hasCode('IMAGE_DOCUMENT_INVALID', /\/os/))
})

for (const [what, code, damage] of [
  ['without oci-layout', 'OCI_LAYOUT_INVALID', (directory: string) => rmSync(join(directory, 'oci-layout'))],
  [
    'of a later version',
    'OCI_LAYOUT_INVALID',
    (directory: string) => writeFileSync(join(directory, 'oci-layout'), '{"imageLayoutVersion":"2.0.0"}'),
  ],
  ['without an index', 'OCI_LAYOUT_INVALID', (directory: string) => rmSync(join(directory, 'index.json'))],
  ['whose blobs are gone', 'OCI_LAYOUT_INVALID', (directory: string) => rmSync(join(directory, 'blobs'), { recursive: true })],
  [
    'whose index is a pipe',
    'IMAGE_ARCHIVE_INVALID',
    (directory: string) => {
      rmSync(join(directory, 'index.json'))
      execFileSync('mkfifo', [join(directory, 'index.json')])
    },
  ],
] as const)
  test(`refuses a layout ${what}`, async (t) => {
    const layout = maker(t)
    layout.index([layout.image([tar])])
    damage(layout.directory)
    await assert.rejects(readOciLayout(layout.directory, undefined, amd64), hasCode(code))
  })

test('refuses a manifest whose blob was changed, and a configuration of another number of layers', async (t) => {
  const layout = maker(t)
  const image = layout.image([tar])
  writeFileSync(join(layout.directory, 'blobs/sha256', image.digest.slice(7)), '{}')
  layout.index([image])
  await assert.rejects(readOciLayout(layout.directory, undefined, amd64), hasCode('LAYER_DIGEST_MISMATCH'))
  const config = layout.json({ architecture: 'amd64', os: 'linux', rootfs: { type: 'layers', diff_ids: [] } }, good.config.mediaType)
  layout.index([layout.json({ ...good, config, layers: [layout.blob(tar, 'application/vnd.oci.image.layer.v1.tar')] }, manifestType)])
  await assert.rejects(readOciLayout(layout.directory, undefined, amd64), hasCode('IMAGE_DOCUMENT_INVALID', /lists 0 layers/))
})
