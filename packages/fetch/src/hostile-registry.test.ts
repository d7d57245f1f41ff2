import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import type { ServerResponse } from 'node:http'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { isRocketError, type ErrorCode, type Request } from '@rocket/contracts'
import { listImages } from '@rocket/store'
import { makeLayout, type MadeLayout } from './testing/make-layout.ts'
import { makeWorkshop, type Workshop } from './testing/fetch-in.ts'
import { readBlob, serveLayout, type Answer, type LayoutServer } from './testing/serve-layout.ts'

function simpleLayout(workshop: Workshop): MadeLayout {
  const base = join(workshop.directory, 'base')
  const top = join(workshop.directory, 'top')
  mkdirSync(join(base, 'etc'), { recursive: true })
  mkdirSync(join(top, 'etc'), { recursive: true })
  writeFileSync(join(base, 'etc/base'), 'base'.repeat(50_000))
  writeFileSync(join(top, 'etc/top'), createHash('sha512').update('noise').digest('hex').repeat(500))
  return makeLayout(join(workshop.directory, 'layout'), [base, top])
}

interface Parsed { config: { digest: string; size: number }; layers: { digest: string; size: number; urls?: string[] }[] }

async function refused(
  t: TestContext, lie: (layout: MadeLayout, parsed: Parsed) => Answer, code: ErrorCode, message: RegExp,
  more: { request?: Partial<Request>; reference?: (layout: MadeLayout) => string } = {},
): Promise<LayoutServer> {
  const workshop = makeWorkshop(t)
  const layout = simpleLayout(workshop)
  const registry = await serveLayout(t, layout, lie(layout, JSON.parse(layout.manifest.toString()) as Parsed))
  await assert.rejects(workshop.fetch([`docker://${registry.host}/app${more.reference?.(layout) ?? ''}`], more.request), (error) => {
    assert.ok(isRocketError(error, code), `${String(error)} ${isRocketError(error) ? error.code : ''}`)
    assert.match(error.message, message)
    assert.doesNotMatch(JSON.stringify(error.toDocument()), /secret/)
    return true
  })
  assert.deepEqual(listImages(workshop.store), [])
  assert.deepEqual(readdirSync(join(workshop.store.directory, 'images')), [])
  assert.deepEqual(readdirSync(join(workshop.store.directory, 'ingest')), [])
  // What the registry told the truth about may stay; the next attempt finds it.
  assert.ok(readdirSync(join(workshop.store.directory, 'layers')).every((name) => name.length >= 26))
  return registry
}

const status = (code: number, only: RegExp = /./): (() => Answer) => () => (_, response, path) => {
  if (!only.test(path)) return false
  response.writeHead(
    code, code === 401 ? { 'www-authenticate': 'Basic realm="secret"' } : {},
  ).end('{"errors":[]}')
  return true
}

for (const [name, lie, code, message] of [
  ['401', status(401), 'REGISTRY_UNAUTHORIZED', /no credentials are configured/],
  ['403', status(403), 'REGISTRY_UNAUTHORIZED', /bad HTTP status code: 403/],
  ['404', status(404), 'REGISTRY_NOT_FOUND', /manifests\/latest of 127\.0\.0\.1:\d+\/app was not received: bad HTTP status code: 404/],
  ['500', status(500), 'REGISTRY_FAILED', /bad HTTP status code: 500/],
  [
    '404 for a layer', (_: MadeLayout, parsed: Parsed) => status(404, new RegExp(`^blobs/${parsed.layers[1]!.digest}`))(),
    'REGISTRY_NOT_FOUND', /404/,
  ],
  [
    '500 for the configuration', (_: MadeLayout, parsed: Parsed) => status(500, new RegExp(`^blobs/${parsed.config.digest}`))(),
    'REGISTRY_FAILED', /500/,
  ],
] as const) {
  test(`reports a registry that answers ${name}`, (t) => refused(t, lie, code, message).then(() => {}))
}

/** Answers for one blob, or for manifests, with other bytes. */
const instead = (pattern: RegExp, make: (response: ServerResponse) => void): Answer => (_, response, path) => {
  if (!pattern.test(path)) return false
  make(response)
  return true
}

test('F7: refuses a manifest that is not what its digest says', async (t) => {
  await refused(t, () => instead(
    /^manifests/, (response) => response.end('{"schemaVersion":2}'),
  ), 'IMAGE_DIGEST_MISMATCH', /hash to sha256:/,
    { reference: (layout) => `@${layout.manifestDigest}` })
})

test('F7: refuses a manifest whose Docker-Content-Digest lies', async (t) => {
  await refused(t, (layout) => instead(
    /^manifests/, (response) => response.writeHead(200, { 'docker-content-digest': `sha256:${'0'.repeat(64)}` }).end(layout.manifest),
  ),
    'IMAGE_DIGEST_MISMATCH', /hash to sha256:/)
})

test('F2: refuses a Docker-Content-Digest that is none', async (t) => {
  await refused(t, (layout) => instead(
    /^manifests/, (response) => response.writeHead(200, { 'docker-content-digest': 'sha256:../../x' }).end(layout.manifest),
  ),
    'REGISTRY_ANSWER_INVALID', /is not a digest/)
})

test('F7: does not read a manifest of a gigabyte', async (t) => {
  await refused(
    t, () => instead(/^manifests/, (response) => response.writeHead(200, { 'content-length': 2 ** 30 }).end()), 'REGISTRY_ANSWER_INVALID',
    /longer than 4194304 bytes/,
  )
  await refused(t, () => instead(/^manifests/, (response) => {
    const more = (): void => { while (!response.destroyed && response.write(Buffer.alloc(1 << 20))); }
    response.on('drain', more)
    more()
  }), 'REGISTRY_ANSWER_INVALID', /longer than 4194304 bytes/)
})

test('F7: refuses indexes that lead to indexes without end', async (t) => {
  let serial = 0
  const blobs = new Map<string, Buffer>()
  let next = Buffer.from('{}')
  for (let depth = 0; depth < 100; depth += 1) {
    const digest = `sha256:${createHash('sha256').update(next).digest('hex')}`
    blobs.set(digest, next)
    next = Buffer.from(JSON.stringify({
      schemaVersion: 2, mediaType: 'application/vnd.oci.image.index.v1+json',
      manifests: [
        {
          mediaType: 'application/vnd.oci.image.index.v1+json', digest, size: next.length,
          platform: { os: 'linux', architecture: process.arch === 'x64' ? 'amd64' : 'arm64' },
        },
      ],
    }))
  }
  const root = next
  await refused(t, () => (_, response, path) => {
    serial += 1
    const bytes = path.includes('sha256:') ? blobs.get(path.slice(path.indexOf('sha256:'))) : root
    response.writeHead(200, { 'content-type': 'application/vnd.oci.image.index.v1+json' }).end(bytes)
    return true
  }, 'IMAGE_DOCUMENT_INVALID', /leads through|index/)
  assert.ok(serial < 10)
})

test('F3: refuses a document that is index and manifest at once', async (t) => {
  await refused(t, (layout) => instead(/^manifests/, (response) => {
    response.writeHead(200, { 'content-type': 'application/vnd.oci.image.manifest.v1+json' }).end(
      JSON.stringify({ ...JSON.parse(layout.manifest.toString()) as object, manifests: [] })
    )
  }), 'IMAGE_DOCUMENT_AMBIGUOUS', /./)
})

for (const [name, spoil, code, message] of [
  [
    'has other content', (bytes: Buffer) => Buffer.concat([bytes.subarray(0, -1), Buffer.from([bytes.at(-1)! ^ 1])]),
    'LAYER_DIGEST_MISMATCH', /hash to|announced/,
  ],
  ['is longer', (bytes: Buffer) => Buffer.concat([bytes, bytes]), 'LAYER_DIGEST_MISMATCH', /announced/],
  ['is shorter', (bytes: Buffer) => bytes.subarray(0, bytes.length >> 1), 'LAYER_DIGEST_MISMATCH', /announced/],
  ['is empty', () => Buffer.alloc(0), 'LAYER_DIGEST_MISMATCH', /announced/],
] as const) {
  for (const which of [0, 1]) {
    test(`F7: keeps nothing of layer ${which} when it ${name} than announced`, async (t) => {
      await refused(t, (layout, parsed) => instead(new RegExp(`^blobs/${parsed.layers[which]!.digest}`), (response) => {
        response.end(spoil(readBlob(layout, parsed.layers[which]!.digest)!))
      }), code, message)
    })
  }
}

test('reports a registry that stops in the middle of a layer', async (t) => {
  await refused(t, (layout, parsed) => instead(new RegExp(`^blobs/${parsed.layers[1]!.digest}`), (response) => {
    const bytes = readBlob(layout, parsed.layers[1]!.digest)!
    response.writeHead(200, { 'content-length': bytes.length })
    response.write(bytes.subarray(0, bytes.length >> 1))
    setTimeout(() => response.destroy(), 20)
  }), 'REGISTRY_UNREACHABLE', /closed the connection|terminated/)
})

test('refuses a configuration with other content than announced', async (t) => {
  await refused(
    t, (_, parsed) => instead(new RegExp(`^blobs/${parsed.config.digest}`), (response) => response.end('{}')), 'IMAGE_DIGEST_MISMATCH',
    /configuration/,
  )
})

test('finds what a failed attempt left behind, and asks for the rest only', async (t) => {
  const workshop = makeWorkshop(t)
  const layout = simpleLayout(workshop)
  const parsed = JSON.parse(layout.manifest.toString()) as Parsed
  let broken = true
  const registry = await serveLayout(t, layout, (_, response, path) => {
    if (!broken || path !== `blobs/${parsed.layers[1]!.digest}`) return false
    setTimeout(() => response.writeHead(500).end(), 300)
    return true
  })
  await assert.rejects(workshop.fetch([`docker://${registry.host}/app`]))
  broken = false
  registry.requests.length = 0
  await workshop.fetch([`docker://${registry.host}/app`])
  assert.equal(registry.requests.filter(({ path }) => path === `blobs/${parsed.layers[0]!.digest}`).length, 0)
  assert.equal(listImages(workshop.store).length, 1)
})

test('F4: never asks the places that a layer names as its own', async (t) => {
  const workshop = makeWorkshop(t)
  const made = simpleLayout(workshop)
  let asked = 0
  const elsewhere = await serveLayout(t, made, (_, response) => {
    asked += 1
    response.writeHead(401, { 'www-authenticate': 'Basic realm=x' }).end()
    return true
  })
  const parsed = JSON.parse(made.manifest.toString()) as Parsed
  const manifest = Buffer.from(
    JSON.stringify({ ...parsed, layers: parsed.layers.map((layer) => ({ ...layer, urls: [`http://${elsewhere.host}/x`] })) })
  )
  const registry = await serveLayout(t, made, (_, response, path) => {
    if (!path.startsWith('manifests')) return false
    response.writeHead(200, { 'content-type': 'application/vnd.oci.image.manifest.v1+json' }).end(manifest)
    return true
  })
  await workshop.fetch([`docker://${registry.host}/app`])
  assert.equal(asked, 0)
})

test('sends nothing over plain http unless it was allowed', async (t) => {
  const registry = await refused(
    t, () => () => false, 'INSECURE_TRANSPORT', /does not speak https/,
    { request: { insecure: { image: true, tls: false, http: false, pubkey: false } } },
  )
  assert.equal(registry.requests.length, 0)
})

test('refuses an image for another architecture', async (t) => {
  const workshop = makeWorkshop(t)
  const root = join(workshop.directory, 'root')
  mkdirSync(root)
  const layout = makeLayout(join(workshop.directory, 'layout'), [root], { architecture: 's390x' })
  const registry = await serveLayout(t, layout)
  await assert.rejects(workshop.fetch([`docker://${registry.host}/app`]), (error) => isRocketError(error, 'PLATFORM_NOT_FOUND'))
})
