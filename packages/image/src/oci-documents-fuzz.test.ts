import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { isRocketError, type OciIndex } from '@rocket/contracts'
import { digestOf } from '@rocket/host'
import { normaliseOci } from './normalise-oci.ts'
import { checkIsImage, pairLayers, parseImageConfig, parseManifestOrIndex } from './oci-documents.ts'
import { pickPlatform } from './platform.ts'

const numRuns = Number(process.env['ROCKET_FUZZ_RUNS'] ?? 300)
const digest = `sha256:${'a'.repeat(64)}`
const oci = 'application/vnd.oci.image'
const platform = { os: 'linux', architecture: 'amd64', variant: 'v2' }
const layer = { mediaType: `${oci}.layer.v1.tar+gzip`, digest, size: 1, annotations: { a: 'b' } }
const manifest = {
  schemaVersion: 2, mediaType: `${oci}.manifest.v1+json`, config: { mediaType: `${oci}.config.v1+json`, digest, size: 2 }, layers: [layer, { ...layer, urls: ['https://h.io/x'] }],
  annotations: { a: 'b' },
}
const index = {
  schemaVersion: 2, mediaType: `${oci}.index.v1+json`,
  manifests: [{ mediaType: manifest.mediaType, digest, size: 3, platform }, { mediaType: manifest.mediaType, digest, size: 3, platform: { os: 'linux', architecture: 'arm64' } }],
}
const config = {
  ...platform, rootfs: { type: 'layers', diff_ids: [digest, digest] }, history: [{ created_by: 'x', empty_layer: true }],
  config: {
    User: '1:2', Env: ['A=b'], Entrypoint: ['/a'], Cmd: ['b'], WorkingDir: '/w', Volumes: { '/v': {} }, ExposedPorts: { '80/tcp': {} }, Labels: { a: 'b' }, StopSignal: 'SIGTERM',
  },
}

const put = fc.oneof(
  fc.jsonValue({ maxDepth: 2 }), fc.string(), fc.string({ unit: 'binary', maxLength: 20 }),
  fc.constantFrom<unknown>(undefined, null, -1, 2 ** 53, 0.5, '', '/', '../../etc', 'a/../../b', '\0', 'sha256:../../x', `md5:${'a'.repeat(32)}`, {}, [], [[]]),
)

/** The document with some of its values replaced or left out, and then some of its bytes changed; at times none. */
function mutated(document: object): fc.Arbitrary<Buffer> {
  const places = placesOf(document)
  const changes = fc.array(fc.tuple(fc.constantFrom(...places), put), { maxLength: 3 })
  const bytes = fc.oneof({ weight: 4, arbitrary: fc.constant([]) }, { weight: 1, arbitrary: fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 3 }) })
  return fc.tuple(changes, bytes).map(([values, flips]) => {
    const text = Buffer.from(JSON.stringify(values.reduce<unknown>((value, [place, other]) => replaced(value, place, other), document)) ?? '')
    for (const [at, byte] of flips) if (text.length > 0) text[at % text.length] = byte
    return text
  })
}

test('a manifest, an index and a configuration of which anything was changed are taken or refused with a code', () => {
  const documents = fc.tuple(fc.oneof(mutated(manifest), mutated(index)), mutated(config), fc.option(fc.oneof(fc.constantFrom(manifest.mediaType, index.mediaType, 'text/html'), fc.string()), { nil: undefined }))
  fc.assert(fc.property(documents, ([bytes, configBytes, mediaType]) => inOurWords(() => {
    const document = parseManifestOrIndex(bytes, mediaType)
    assert.equal(document.digest, `sha256:${digestOf('sha256', bytes)}`)
    if (document.kind === 'index') {
      assert.ok(document.index.manifests.includes(pickPlatform(document.index as OciIndex, platform)))
      return
    }
    checkIsImage(document.manifest)
    const image = parseImageConfig(configBytes)
    const pairs = pairLayers(document.manifest, image)
    // What becomes part of a path.
    for (const { layer: { digest: layerDigest }, diffId } of pairs) for (const text of [layerDigest, diffId]) assert.match(text, /^[a-z0-9]+:[0-9a-f]+$/)
    normaliseOci(image, { name: 'h.io/x', manifestDigest: document.digest, configDigest: digest, annotations: document.manifest.annotations })
  })), { numRuns })
})

test('a configuration of which anything was changed says nothing of the host', () => {
  fc.assert(fc.property(mutated(config), (bytes) => inOurWords(() => {
    const { manifest: { app } } = normaliseOci(parseImageConfig(bytes), { name: 'h.io/x', manifestDigest: digest, configDigest: digest })
    for (const { path } of app?.mountPoints ?? []) assert.doesNotMatch(path, /(^|\/)\.\.(\/|$)|\0/)
    for (const word of app?.exec ?? []) assert.doesNotMatch(word, /\0/)
  })), { numRuns })
})

function inOurWords(read: () => void): void {
  try {
    read()
  } catch (error) {
    if (!isRocketError(error)) throw error
  }
}

/** Every place in a value, as the keys that lead to it. */
function placesOf(value: unknown): string[][] {
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, inner]) => [[key], ...placesOf(inner).map((rest) => [key, ...rest])])
}

function replaced(value: unknown, [key, ...rest]: readonly string[], other: unknown): unknown {
  if (key === undefined) return other
  // An earlier change may have taken the place away.
  if (typeof value !== 'object' || value === null) return value
  const copy = (Array.isArray(value) ? [...(value as unknown[])] : { ...value }) as Record<string, unknown>
  copy[key] = replaced(copy[key], rest, other)
  return copy
}
