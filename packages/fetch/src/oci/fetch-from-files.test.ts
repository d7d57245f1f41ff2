import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdirSync, readdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { isRocketError, type ErrorCode } from '@rocket/contracts'
import { listImages } from '@rocket/store'
import { makeWorkshop, type Workshop } from '../testing/fetch-in.ts'
import { makeLayout, type MadeLayout } from '../testing/make-layout.ts'

function makeIn(
  t: TestContext, options: Parameters<typeof makeLayout>[2] = {},
): { workshop: Workshop; layout: MadeLayout; layerPath: string } {
  const workshop = makeWorkshop(t)
  const root = join(workshop.directory, 'root')
  mkdirSync(root)
  writeFileSync(join(root, 'f'), 'content'.repeat(10_000))
  const layout = makeLayout(join(workshop.directory, 'app'), [root], options)
  const { layers } = JSON.parse(layout.manifest.toString()) as { layers: { digest: string }[] }
  return { workshop, layout, layerPath: join(layout.directory, 'blobs', layers[0]!.digest.replace(':', '/')) }
}

for (const compression of ['gzip', 'zstd', 'none'] as const) {
  test(`reads a layout with layers of compression ${compression}, which umoci can read as well`, {
    skip: compression === 'zstd' ? false : umociMissing(),
  }, async (t) => {
    const { workshop, layout } = makeIn(t, { compression, tag: 'v1' })
    const [record] = await workshop.fetch([`oci:${layout.directory}:v1`])
    assert.deepEqual([record!.sha256, record!.layers.length, record!.unpackedBytes], [layout.manifestDigest, 1, 70_000])
    assert.deepEqual(listImages(workshop.store).map(({ name, version }) => [name, version]), [['app', 'v1']])
    if (compression !== 'zstd') execFileSync(
      'umoci', ['unpack', '--rootless', '--image', `${layout.directory}:v1`, join(workshop.directory, 'judge')], { stdio: 'pipe' },
    )
  })
}

test('reads the image that a digest names, whatever its tag', async (t) => {
  const { workshop, layout } = makeIn(t, { tag: 'v1' })
  const [record] = await workshop.fetch([`oci:${layout.directory}:other@${layout.manifestDigest}`])
  assert.equal(record!.sha256, layout.manifestDigest)
  assert.deepEqual(listImages(workshop.store).map(({ name, version }) => [name, version]), [['app', 'v1']])
})

function umociMissing(): string | false {
  try {
    execFileSync('umoci', ['--version'], { stdio: 'pipe' })
    return false
  } catch {
    return 'needs umoci: apt-get install umoci'
  }
}

test('two layers with the same content are one tree, which an overlay takes once', async (t) => {
  const { workshop } = makeIn(t)
  const root = join(workshop.directory, 'root')
  const other = join(workshop.directory, 'other')
  mkdirSync(other)
  writeFileSync(join(other, 'f'), 'changed')
  const twice = makeLayout(join(workshop.directory, 'twice'), [root, other, root])
  const [record] = await workshop.fetch([`oci:${twice.directory}`])
  assert.equal(record!.layers[0]!.tree, record!.layers[2]!.tree)
  assert.deepEqual(record!.rootfs, [record!.layers[1]!.tree, record!.layers[2]!.tree])
})

test('an image whose tree was lost is unpacked again', async (t) => {
  const { workshop, layout } = makeIn(t)
  const [record] = await workshop.fetch([`oci:${layout.directory}`])
  const tree = join(workshop.store.directory, record!.rootfs[0]!.replace('store:', ''))
  rmSync(`${tree}.json`)
  rmSync(tree, { recursive: true })
  await workshop.fetch([`oci:${layout.directory}`])
  assert.deepEqual(readdirSync(tree), ['f'])
})

for (const [name, spoil, code, text, reference = ''] of [
  ['a layer that is missing', ({ layerPath }) => rmSync(layerPath), 'OCI_LAYOUT_INVALID', /lacks sha256:/],
  ['a layer that was cut short', ({ layerPath }) => truncateSync(layerPath, 100), 'LAYER_DIGEST_MISMATCH', /announced/],
  ['a layer with other content', ({ layerPath }) => writeFileSync(layerPath, 'x'), 'LAYER_DIGEST_MISMATCH', /announced/],
  [
    'a manifest with other content',
    ({ layout }) => writeFileSync(join(layout.directory, 'blobs', layout.manifestDigest.replace(':', '/')), '{}'), 'LAYER_DIGEST_MISMATCH',
    /./,
  ],
  ['a tag that is not there', () => {}, 'OCI_TAG_NOT_FOUND', /no image named "none"/, ':none'],
  ['a digest that is not there', () => {}, 'OCI_TAG_NOT_FOUND', /no image sha256:a{64}/, `@sha256:${'a'.repeat(64)}`],
  ['no layout', ({ layout }) => rmSync(join(layout.directory, 'oci-layout')), 'OCI_LAYOUT_INVALID', /./],
] as [string, (made: ReturnType<typeof makeIn>) => void, ErrorCode, RegExp, string?][]) {
  test(`keeps nothing of a layout with ${name}`, async (t) => {
    const made = makeIn(t)
    spoil(made)
    await assert.rejects(
      made.workshop.fetch([`oci:${made.layout.directory}${reference}`]), (error) => isRocketError(error, code) && text.test(error.message),
    )
    for (const place of ['layers', 'images', 'refs/names', 'ingest', 'blobs/sha256']) assert.deepEqual(
      readdirSync(join(made.workshop.store.directory, place)), [], place,
    )
  })
}

test('refuses an unsigned layout, and one of another machine', async (t) => {
  const { workshop, layout } = makeIn(t, { architecture: 's390x' })
  await assert.rejects(workshop.fetch([`oci:${layout.directory}`]), (error) => isRocketError(error, 'PLATFORM_NOT_FOUND'))
  await assert.rejects(
    workshop.fetch([`oci:${layout.directory}`], { insecure: { image: false, tls: false, http: false, pubkey: false } }),
    (error) => isRocketError(error, 'SIGNATURE_REQUIRED'),
  )
})
