import assert from 'node:assert/strict'
import { readFileSync, readdirSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { isRocketError } from '@rocket/contracts'
import { listImages } from '@rocket/store'
import { makeWorkshop } from './testing/fetch-in.ts'
import { makeAci } from './testing/make-aci.ts'

const checks = { insecure: { image: false, tls: false, http: false, pubkey: false } }

async function serve(
  t: TestContext, answer: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<{ url: string; requests: IncomingMessage[] }> {
  const requests: IncomingMessage[] = []
  const server = createServer((request, response) => {
    requests.push(request)
    answer(request, response)
  }).listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/x.aci`, requests }
}

test('downloads an ACI, keeps it while it is fresh, and asks whether it has changed when it is not', async (t) => {
  const workshop = makeWorkshop(t)
  const bytes = readFileSync(makeAci(workshop.directory, 'x.aci', {}, '--gzip'))
  let cacheControl = 'max-age=100'
  const { url, requests } = await serve(t, (request, response) => {
    if (request.headers['if-none-match'] === '"v1"') response.writeHead(304).end()
    else response.writeHead(200, { etag: '"v1"', 'cache-control': cacheControl }).end(bytes)
  })
  // A URL that says http itself needs no option.
  const request = { pullPolicy: 'update' as const, insecure: { image: true, tls: false, http: false, pubkey: false } }
  const [first] = await workshop.fetch([url], request)
  assert.match(requests[0]?.headers['user-agent'] ?? '', /^rkt\//)
  await workshop.fetch([url], request)
  assert.equal(requests.length, 1)
  assert.ok(workshop.debug.includes(`image for ${url} isn't expired, not fetching.`))
  cacheControl = 'no-cache'
  const other = makeWorkshop(t)
  const [again] = await other.fetch([url], request)
  await other.fetch([url], request)
  assert.deepEqual(requests.map(({ headers }) => headers['if-none-match']), [undefined, undefined, '"v1"'])
  assert.equal(again!.imageId, first!.imageId)
  assert.equal((await other.fetch([url], { ...checks, pullPolicy: 'never' }))[0]!.imageId, first!.imageId)
  assert.equal(other.debug.at(-1), `using image from local store for url ${url}`)
})

test('what was taken without a check is asked for again, signature first, when checks are on', async (t) => {
  const workshop = makeWorkshop(t)
  const bytes = readFileSync(makeAci(workshop.directory))
  const { url, requests } = await serve(t, ({ url: path }, response) => {
    if (path!.endsWith('.asc')) response.writeHead(404).end()
    else response.writeHead(200, { etag: '"v1"', 'cache-control': 'max-age=100' }).end(bytes)
  })
  await workshop.fetch([url], { pullPolicy: 'update' })
  await assert.rejects(workshop.fetch([url], { ...checks, pullPolicy: 'update' }), (error) => isRocketError(error, 'SIGNATURE_REQUIRED'))
  assert.deepEqual(requests.map((request) => request.url), ['/x.aci', '/x.aci.asc'])
})

test('refuses an unsigned ACI before downloading it', async (t) => {
  const workshop = makeWorkshop(t)
  const { url, requests } = await serve(t, (_, response) => response.writeHead(404).end())
  await assert.rejects(
    workshop.fetch([url], checks),
    (error) => isRocketError(error, 'SIGNATURE_REQUIRED') && error.what === 'error downloading the signature file',
  )
  assert.deepEqual(requests.map((request) => request.url), ['/x.aci.asc'])
})

for (const [name, answer, code, message] of [
  ['404', (response: ServerResponse) => response.writeHead(404).end(), 'REGISTRY_NOT_FOUND', /bad HTTP status code: 404/],
  ['500', (response: ServerResponse) => response.writeHead(500).end(), 'REGISTRY_FAILED', /bad HTTP status code: 500/],
  ['401', (response: ServerResponse) => response.writeHead(401).end(), 'REGISTRY_UNAUTHORIZED', /bad HTTP status code: 401/],
  ['an error page', (response: ServerResponse) => response.end('<html>'), 'LAYER_CORRUPT', /unknown image filetype/],
  ['half of it', (response: ServerResponse, bytes: Buffer) => response.end(bytes.subarray(0, 100)), 'LAYER_CORRUPT', /./],
] as const) {
  test(`keeps nothing when the server answers with ${name}`, async (t) => {
    const workshop = makeWorkshop(t)
    const bytes = readFileSync(makeAci(workshop.directory, 'x.aci', {}, '--gzip'))
    const { url } = await serve(t, (_, response) => void answer(response, bytes))
    await assert.rejects(workshop.fetch([url]), (error) => isRocketError(error, code) && message.test(error.message))
    assert.deepEqual(listImages(workshop.store), [])
    for (const place of ['layers', 'ingest', 'blobs/sha256']) assert.deepEqual(readdirSync(join(workshop.store.directory, place)), [])
  })
}
