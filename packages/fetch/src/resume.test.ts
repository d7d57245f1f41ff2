import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { isRocketError } from '@rocket/contracts'
import { collectGarbage, listImages } from '@rocket/store'
import { makePod, makeWorkshop, type Workshop } from './testing/fetch-in.ts'
import { makeAci } from './testing/make-aci.ts'
import { makeLayout, type MadeLayout } from './testing/make-layout.ts'
import { runStage } from './testing/run-stage.ts'
import { layersOf, listen, readBlob, sendAndBreak, sendRange, serveLayout, type Answer, type LayoutServer } from './testing/serve-layout.ts'

const mebi = 1 << 20

interface World {
  workshop: Workshop
  layout: MadeLayout
  /** Of the one large layer. */
  digest: string
  bytes: Buffer
  /** A registry that does this for the layer. */
  serve(answer: (asked: Parameters<Answer>, count: number) => boolean): Promise<LayoutServer>
}

/** An image whose layer has four megabytes that do not compress. */
function makeWorld(t: TestContext): World {
  const workshop = makeWorkshop(t)
  const root = join(workshop.directory, 'root')
  mkdirSync(root)
  writeFileSync(join(root, 'noise'), randomBytes(4 * mebi))
  const layout = makeLayout(join(workshop.directory, 'layout'), [root])
  const { digest } = layersOf(layout)[0]!
  let count = 0
  return {
    workshop, layout, digest, bytes: readBlob(layout, digest)!,
    serve: (answer) => serveLayout(t, layout, (...asked) => {
      if (asked[2] !== `blobs/${digest}`) return false
      count += 1
      return answer(asked, count)
    }),
  }
}

const rangesOf = ({ requests }: LayoutServer, digest: string): (string | undefined)[] => (
  requests.filter(({ path }) => path === `blobs/${digest}`).map(({ range }) => range)
)

/** What the image is, whoever fetched it how. */
function checkWhole({ workshop, bytes, digest }: World): void {
  assert.equal(listImages(workshop.store).length, 1)
  const kept = readFileSync(join(workshop.store.directory, 'blobs', digest.replace(':', '/')))
  assert.ok(kept.equals(bytes))
  assert.deepEqual(readdirSync(join(workshop.store.directory, 'ingest')), [])
}

test('goes on where a connection broke, as often as it makes progress', async (t) => {
  const world = makeWorld(t)
  const registry = await world.serve(([request, response]) => {
    const start = Number(/\d+/.exec(request.headers.range ?? '0')?.[0])
    if (start > 3 * mebi) return false
    const length = world.bytes.length
    response.writeHead(start === 0 ? 200 : 206, { 'content-length': length - start, 'content-range': `bytes ${start}-${length - 1}/${length}` })
    response.write(world.bytes.subarray(start, start + mebi), () => setTimeout(() => response.destroy(), 20))
    return true
  })
  await world.workshop.fetch([`docker://${registry.host}/app`])
  checkWhole(world)
  assert.deepEqual(rangesOf(registry, world.digest).slice(0, 3), [undefined, `bytes=${mebi}-`, `bytes=${2 * mebi}-`])
})

for (const [name, answer] of [
  ['ignores the range', ([, response], bytes) => response.writeHead(200, { 'content-length': bytes.length }).end(bytes)],
  ['begins earlier than asked', ([, response], bytes) => {
    response.writeHead(206, { 'content-range': `bytes 100-${bytes.length - 1}/${bytes.length}` }).end(bytes.subarray(100))
  }],
  ['begins later than asked', ([request, response], bytes) => {
    if (request.headers.range === 'bytes=0-' || request.headers.range === undefined) response.end(bytes)
    else response.writeHead(206, { 'content-range': `bytes ${3 * mebi}-${bytes.length - 1}/${bytes.length}` }).end(bytes.subarray(3 * mebi))
  }],
  ['knows no such range', ([request, response], bytes) => {
    if (request.headers.range === undefined) response.end(bytes)
    else response.writeHead(416).end()
  }],
  ['sends other content first, and the right one when asked for all of it', ([request, response], bytes) => {
    if (request.headers.range === undefined) response.end(bytes)
    else sendRange(request, response, Buffer.alloc(bytes.length))
  }],
] as [string, (asked: Parameters<Answer>, bytes: Buffer) => void][]) {
  test(`F9: gets the right content from a server that ${name} after a break`, async (t) => {
    const world = makeWorld(t)
    const registry = await world.serve((asked, count) => {
      if (count === 1) sendAndBreak(asked[1], world.bytes, 2 * mebi)
      else answer(asked, world.bytes)
      return true
    })
    await world.workshop.fetch([`docker://${registry.host}/app`])
    checkWhole(world)
  })
}

test('F9: keeps nothing when the rest is always of something else', async (t) => {
  const world = makeWorld(t)
  const registry = await world.serve(([request, response]) => {
    if (request.headers.range === undefined) sendAndBreak(response, world.bytes, 2 * mebi)
    else sendRange(request, response, Buffer.alloc(world.bytes.length))
    return true
  })
  await assert.rejects(world.workshop.fetch([`docker://${registry.host}/app`]), (error) => isRocketError(error, 'LAYER_DIGEST_MISMATCH') || isRocketError(error, 'LAYER_CORRUPT'))
  assert.deepEqual(listImages(world.workshop.store), [])
  assert.ok(rangesOf(registry, world.digest).length < 20)
})

test('keeps what came before it was killed, for the next process', async (t) => {
  const world = makeWorld(t)
  let isSlow = true
  const registry = await world.serve(([, response]) => {
    if (isSlow) response.writeHead(200, { 'content-length': world.bytes.length }).write(world.bytes.subarray(0, 3 * mebi))
    return isSlow
  })
  const reference = `docker://${registry.host}/app`
  const { directory } = world.workshop.store
  const run = await runStage(makePod(world.workshop.directory, [reference]), directory, { killAfterMs: 1500 })
  assert.equal(run.signal, 'SIGKILL')
  assert.ok(readdirSync(join(directory, 'ingest')).some((name) => name.endsWith('.partial')))
  isSlow = false
  registry.requests.length = 0
  const runs = await Promise.all([1, 2, 3].map(() => runStage(makePod(world.workshop.directory, [reference]), directory)))
  assert.deepEqual(runs.map(({ code, stdout }) => [code, stdout]), runs.map(() => [0, '']))
  checkWhole(world)
  assert.match(rangesOf(registry, world.digest).join(), /^bytes=(2[5-9]|3\d)\d{5}-$/, 'one process asks, for the rest only')
})

test('what was left of a layer and does not fit it is fetched again', async (t) => {
  const world = makeWorld(t)
  let breaks = true
  const registry = await world.serve(([, response]) => {
    if (breaks) response.writeHead(200, { 'content-length': world.bytes.length }).write(world.bytes.subarray(0, 3 * mebi), () => setTimeout(() => response.destroy(), 50))
    return breaks
  })
  const reference = `docker://${registry.host}/app`
  await assert.rejects(world.workshop.fetch([reference]), (error) => isRocketError(error, 'REGISTRY_UNREACHABLE'))
  const ingest = join(world.workshop.store.directory, 'ingest')
  const [partial = ''] = readdirSync(ingest)
  const damaged = readFileSync(join(ingest, partial))
  damaged.fill(0, damaged.length >> 1)
  writeFileSync(join(ingest, partial), damaged)
  breaks = false
  await world.workshop.fetch([reference])
  checkWhole(world)
})

for (const [name, answer] of [
  ['breaks off with other content', ([, response], bytes) => sendAndBreak(response, Buffer.alloc(bytes.length, 1), 2 * mebi)],
  ['has other content', ([, response], bytes) => response.end(Buffer.alloc(bytes.length, 1))],
  ['stops in the middle', ([, response], bytes) => sendAndBreak(response, bytes, 2 * mebi)],
  ['is gone for this layer', ([, response]) => response.writeHead(404).end()],
] as [string, (asked: Parameters<Answer>, bytes: Buffer) => void][]) {
  test(`gets a layer from the registry when its mirror ${name}`, async (t) => {
    const world = makeWorld(t)
    const mirror = await world.serve((asked) => {
      if (asked[0].headers.range === undefined) answer(asked, world.bytes)
      else asked[1].writeHead(503).end()
      return true
    })
    const registry = await serveLayout(t, world.layout)
    const config = join(world.workshop.directory, 'etc')
    mkdirSync(join(config, 'registries.d'), { recursive: true })
    writeFileSync(join(config, 'registries.d/a.json'), JSON.stringify({
      rktKind: 'registries', rktVersion: 'v1', mirrors: [{ prefix: registry.host, mirrors: [{ location: mirror.host }] }],
    }))
    process.env['RKT_CONFIG_DIRS'] = config
    t.after(() => delete process.env['RKT_CONFIG_DIRS'])
    await world.workshop.fetch([`docker://${registry.host}/app`])
    checkWhole(world)
    assert.ok(rangesOf(mirror, world.digest).length > 0 && rangesOf(registry, world.digest).length > 0)
  })
}

test('collecting keeps what is left of a transfer for a day', async (t) => {
  const world = makeWorld(t)
  const path = join(world.workshop.store.directory, 'ingest', 'aaaaaaaaaaaaaaaaaaaaaaaaaa.partial')
  writeFileSync(path, 'x')
  await collectGarbage(world.workshop.store)
  assert.equal(readdirSync(join(path, '..')).length, 1)
  const old = Date.now() / 1000 - 25 * 3600
  utimesSync(path, old, old)
  await collectGarbage(world.workshop.store)
  assert.equal(readdirSync(join(path, '..')).length, 0)
})

interface AciServer {
  url: string
  asked: { range: string | undefined; ifRange: string | undefined }[]
}

async function serveAci(t: TestContext, answer: (asked: Parameters<Answer>, count: number) => void): Promise<AciServer> {
  const asked: AciServer['asked'] = []
  const host = await listen(t, (request, response) => {
    asked.push({ range: request.headers.range, ifRange: request.headers['if-range'] as string | undefined })
    answer([request, response, request.url ?? ''], asked.length)
  })
  return { url: `http://${host}/x.aci`, asked }
}

function aciBytes(workshop: Workshop, name: string): Buffer {
  mkdirSync(join(workshop.directory, `${name}-source/rootfs`), { recursive: true })
  writeFileSync(join(workshop.directory, `${name}-source/rootfs/noise`), randomBytes(2 * mebi))
  return readFileSync(makeAci(workshop.directory, name))
}

test('goes on with an ACI as long as its ETag is the same', async (t) => {
  const workshop = makeWorkshop(t)
  const bytes = aciBytes(workshop, 'a.aci')
  const { url, asked } = await serveAci(t, ([request, response], count) => {
    if (count === 1) sendAndBreak(response, bytes, mebi, { etag: '"one"' })
    else sendRange(request, response, bytes, { etag: '"one"' })
  })
  const [record] = await workshop.fetch([url])
  assert.equal(record?.sha512, createHash('sha512').update(bytes).digest('hex'))
  assert.deepEqual(asked, [{ range: undefined, ifRange: undefined }, { range: `bytes=${mebi}-`, ifRange: '"one"' }])
})

for (const [name, answer] of [
  ['says so by sending all of it', (asked, other) => asked[1].writeHead(200, { etag: '"two"' }).end(other)],
  ['says so by its ETag only', (asked, other) => sendRange(asked[0], asked[1], other, { etag: '"two"' })],
] as [string, (asked: Parameters<Answer>, other: Buffer) => void][]) {
  test(`F9: takes the new ACI when it changed while it was read, and the server ${name}`, async (t) => {
    const workshop = makeWorkshop(t)
    const bytes = aciBytes(workshop, 'a.aci')
    const other = aciBytes(workshop, 'b.aci')
    const { url } = await serveAci(t, (asked, count) => {
      if (count === 1) sendAndBreak(asked[1], bytes, mebi, { etag: '"one"' })
      else answer(asked, other)
    })
    const [record] = await workshop.fetch([url])
    assert.equal(record?.sha512, createHash('sha512').update(other).digest('hex'))
    assert.equal(listImages(workshop.store).length, 1)
  })
}

test('begins an ACI anew in the next attempt when nothing says that it is the same', async (t) => {
  const workshop = makeWorkshop(t)
  const bytes = aciBytes(workshop, 'a.aci')
  const { url, asked } = await serveAci(t, ([, response], count) => {
    if (count === 1) sendAndBreak(response, bytes, mebi, { etag: 'W/"weak"' })
    else response.end(bytes)
  })
  await assert.rejects(workshop.fetch([url]), (error) => isRocketError(error, 'REGISTRY_UNREACHABLE'))
  assert.deepEqual(readdirSync(join(workshop.store.directory, 'ingest')), [])
  await workshop.fetch([url])
  assert.deepEqual(asked.map(({ range }) => range), [undefined, undefined])
})
