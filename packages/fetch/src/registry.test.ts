import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { isRocketError, type ImageRecord } from '@rocket/contracts'
import { listImages } from '@rocket/store'
import { makeWorkshop, type Workshop } from './testing/fetch-in.ts'
import { makeLayout } from './testing/make-layout.ts'
import { registryMissing, startRegistry, type TestRegistry } from './testing/start-registry.ts'

const skip = registryMissing
const directory = mkdtempSync(join(tmpdir(), 'rocket-registry-'))
let registry: TestRegistry
let closed: TestRegistry
const cleanUp: (() => unknown)[] = []

before(async () => {
  if (skip !== false) return
  const t = { after: (work: () => unknown) => void cleanUp.push(work) } as Parameters<typeof startRegistry>[0]
  makeLayers()
  mkdirSync(join(directory, 'closed'))
  registry = await startRegistry(t, directory)
  closed = await startRegistry(t, join(directory, 'closed'), { name: 'someone', password: 'secret' })
})

after(async () => {
  for (const work of cleanUp.reverse()) await work()
  rmSync(directory, { recursive: true, force: true })
})

function makeLayers(): void {
  const [base, top] = ['base', 'top'].map((name) => join(directory, name)) as [string, string]
  mkdirSync(join(base, 'usr/bin'), { recursive: true })
  symlinkSync('usr/bin', join(base, 'bin'))
  writeFileSync(join(base, 'usr/bin/true'), '#!/bin/sh\n', { mode: 0o755 })
  writeFileSync(join(base, 'usr/bin/sudo'), 'x', { mode: 0o755 })
  chmodSync(join(base, 'usr/bin/sudo'), 0o4755)
  mkdirSync(join(top, 'srv'), { recursive: true })
  writeFileSync(join(top, 'srv/data'), 'data'.repeat(100_000))
  for (const compression of ['gzip', 'zstd'] as const) makeLayout(
    join(directory, compression), [base, top], { compression, config: { Env: ['A=b'], User: '1000:1000' } },
  )
}

async function fetchOne(workshop: Workshop, reference: string, request = {}): Promise<ImageRecord> {
  const [record] = await workshop.fetch([reference], request)
  return record!
}

function inspect(host: string, name: string): { Digest: string; Layers: string[] } {
  return JSON.parse(
    execFileSync('skopeo', ['inspect', '--tls-verify=false', `docker://${host}/${name}`], { encoding: 'utf8' })
  ) as { Digest: string; Layers: string[] }
}

for (const compression of ['gzip', 'zstd'] as const) {
  test(`fetches an image with ${compression} layers, and skopeo agrees on its digests`, { skip }, async (t) => {
    const workshop = makeWorkshop(t)
    registry.push(`oci:${join(directory, compression)}:latest`, `team/${compression}:1`)
    const record = await fetchOne(workshop, `docker://${registry.host}/team/${compression}:1`)
    const judge = inspect(registry.host, `team/${compression}:1`)
    assert.equal(record.sha256, judge.Digest)
    assert.deepEqual(record.layers.map(({ digest }) => digest), judge.Layers)
    assert.deepEqual(record.manifest.labels[0], { name: 'version', value: '1' })
    assert.deepEqual([record.manifest.app?.user, record.manifest.app?.environment], ['1000', [{ name: 'A', value: 'b' }]])
    assert.ok(workshop.events.some((event) => event.kind === 'layer-progress' && event.receivedBytes === event.totalBytes))
    assert.deepEqual(workshop.debug[0], `remote fetching from URL ${JSON.stringify(`docker://${registry.host}/team/${compression}:1`)}`)
  })
}

test('fetches a docker schema 2 image, and by digest', { skip }, async (t) => {
  const workshop = makeWorkshop(t)
  registry.push(`oci:${join(directory, 'gzip')}:latest`, 'docker', '--format=v2s2')
  const { Digest } = inspect(registry.host, 'docker')
  const record = await fetchOne(workshop, `docker://${registry.host}/docker@${Digest}`)
  assert.equal(record.sha256, Digest)
  assert.equal(record.layers.length, 2)
})

test('shares the layers of two images, and does not ask for them twice', { skip }, async (t) => {
  const workshop = makeWorkshop(t)
  mkdirSync(join(directory, 'empty'))
  makeLayout(join(directory, 'other'), [join(directory, 'base'), join(directory, 'empty')])
  registry.push(`oci:${join(directory, 'gzip')}:latest`, 'first')
  registry.push(`oci:${join(directory, 'other')}:latest`, 'second')
  const first = await fetchOne(workshop, `docker://${registry.host}/first`)
  workshop.events.length = 0
  const second = await fetchOne(workshop, `docker://${registry.host}/second`)
  assert.equal(first.layers[0]!.tree, second.layers[0]!.tree)
  assert.deepEqual(
    workshop.events.flatMap((event) => (event.kind === 'layer-progress' && event.digest === first.layers[0]!.digest ? [event] : [])), [],
  )
})

test('asks the store first with policy new, the registry with update, and only the store with never', { skip }, async (t) => {
  const workshop = makeWorkshop(t)
  const reference = `docker://${registry.host}/moving:v1`
  registry.push(`oci:${join(directory, 'gzip')}:latest`, 'moving:v1')
  const old = await fetchOne(workshop, reference)
  registry.push(`oci:${join(directory, 'zstd')}:latest`, 'moving:v1')
  workshop.debug.length = 0
  assert.equal(
    (await fetchOne(workshop, reference, { insecure: { image: false, tls: false, http: false, pubkey: false } })).imageId, old.imageId,
  )
  assert.deepEqual(workshop.debug, [`using image from local store for url ${reference}`])
  const fresh = await fetchOne(workshop, reference, { pullPolicy: 'update' })
  assert.notEqual(fresh.imageId, old.imageId)
  assert.equal((await fetchOne(workshop, reference, { pullPolicy: 'never' })).imageId, fresh.imageId)
  assert.equal(listImages(workshop.store).length, 2)
  assert.equal(
    (await fetchOne(workshop, `${registry.host.replace(':', '_')}/moving:v1`, { pullPolicy: 'never' })).imageId, fresh.imageId,
    'a name means the newest',
  )
})

test('logs in where it is asked to, and says what is missing where it cannot', { skip }, async (t) => {
  const workshop = makeWorkshop(t)
  closed.push(`oci:${join(directory, 'gzip')}:latest`, 'private')
  const reference = `docker://${closed.host}/private`
  const config = join(workshop.directory, 'config')
  mkdirSync(join(config, 'auth.d'), { recursive: true })
  const write = (password: string): void => writeFileSync(join(config, 'auth.d/x.json'), JSON.stringify({
    rktKind: 'dockerAuth', rktVersion: 'v1', registries: [closed.host], credentials: { user: 'someone', password },
  }))
  const refuses = (text: RegExp): Promise<void> => assert.rejects(workshop.fetch([reference]), (error) => (
    isRocketError(error, 'REGISTRY_UNAUTHORIZED') && text.test(error.message) && !JSON.stringify(error.toDocument()).includes('wrong')))
  await refuses(/no credentials are configured/)
  process.env['RKT_CONFIG_DIRS'] = `${join(workshop.directory, 'none')}:${config}`
  t.after(() => delete process.env['RKT_CONFIG_DIRS'])
  write('wrong')
  await refuses(/bad HTTP status code: 401/)
  write('secret')
  assert.equal((await fetchOne(workshop, reference)).layers.length, 2)
})

test('says what a registry does not have', { skip }, async (t) => {
  const workshop = makeWorkshop(t)
  for (const name of ['nothing', 'team/gzip:none']) {
    await assert.rejects(
      workshop.fetch([`docker://${registry.host}/${name}`]),
      (error) => isRocketError(error, 'REGISTRY_NOT_FOUND') && error.message.includes('404'),
    )
  }
})

test('several processes that want one image share the work and all get it', { skip }, async (t) => {
  const workshop = makeWorkshop(t)
  const { makePod } = await import('./testing/fetch-in.ts')
  const { spawn } = await import('node:child_process')
  registry.push(`oci:${join(directory, 'gzip')}:latest`, 'busy')
  const bin = join(import.meta.dirname, 'bin.ts')
  const runs = await Promise.all(Array.from({ length: 4 }, () => {
    const pod = makePod(workshop.directory, [`docker://${registry.host}/busy`])
    const child = spawn(
      process.execPath, [bin, 'fetch'],
      {
        cwd: workshop.store.directory, env: { ...process.env, RKT_POD: pod, RKT_STORE: workshop.store.directory },
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    )
    let text = ''
    child.stderr.on('data', (chunk: Buffer) => { text += chunk.toString() })
    return new Promise<{ code: number | null; text: string; pod: string }>(
      (resolve) => child.on('close', (code) => resolve({ code, text, pod }))
    )
  }))
  assert.deepEqual(runs.map(({ code, text }) => [code, text]), runs.map(() => [0, '']))
  const ids = new Set(
    runs.map(
      ({ pod }) => (JSON.parse(readFileSync(join(pod, 'images.json'), 'utf8')) as { images: { imageId: string }[] }).images[0]!.imageId
    )
  )
  assert.equal(ids.size, 1)
  assert.equal(readdirSync(join(workshop.store.directory, 'layers')).length, 4)
  assert.deepEqual(readdirSync(join(workshop.store.directory, 'ingest')), [])
})

test('fetches from a layout what it fetches from a registry', { skip }, async (t) => {
  const workshop = makeWorkshop(t)
  registry.push(`oci:${join(directory, 'gzip')}:latest`, 'same')
  const remote = await fetchOne(workshop, `docker://${registry.host}/same`)
  const local = await fetchOne(workshop, `oci:${join(directory, 'gzip')}:latest`)
  assert.equal(local.imageId, remote.imageId)
  assert.ok(existsSync(join(workshop.store.directory, 'blobs', remote.sha256!.replace(':', '/'))))
})
