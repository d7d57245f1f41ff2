import assert from 'node:assert/strict'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { before, test, type TestContext } from 'node:test'
import { listImages, readEvidence } from '@rocket/store'
import { openTrust, readPublicKeys, recheckEvidence, storeKey, type KeyScope } from '@rocket/trust'
import { hasCode, makeSigner, missingGpg, type TestSigner } from '@rocket/trust/testing'
import { configure, type Configured } from '../testing/configure.ts'
import { makeWorkshop, type Workshop } from '../testing/fetch-in.ts'
import { makeAci } from '../testing/make-aci.ts'

const skip = missingGpg
const checks = { insecure: { image: false, tls: false, http: false, pubkey: false } }
const prefix = (text: string): KeyScope => ({ kind: 'prefix', prefix: text })

let somebody: TestSigner
let other: TestSigner
before((t) => {
  if (skip !== false) return
  somebody = makeSigner(t as TestContext, 'Somebody <somebody@example.com>')
  other = makeSigner(t as TestContext, 'Other <other@example.com>')
})

interface Made {
  workshop: Workshop
  configured: Configured
  path: string
  bytes: Buffer
  trust(signer: TestSigner, scope: KeyScope): Promise<void>
  sign(signer: TestSigner, options?: Parameters<TestSigner['sign']>[1]): void
}

function make(t: TestContext, ...tarOptions: string[]): Made {
  const workshop = makeWorkshop(t)
  const configured = configure(t, workshop.directory)
  const path = makeAci(workshop.directory, 'x.aci', {}, ...tarOptions)
  const bytes = readFileSync(path)
  return {
    workshop, configured, path, bytes,
    trust: async (signer, scope) => void storeKey(configured.local, scope, (await readPublicKeys(signer.publicKey, 'key'))[0]!),
    sign: (signer, options) => writeFileSync(`${path}.asc`, signer.sign(bytes, options)),
  }
}

function assertNothingKept({ store }: Workshop): void {
  assert.deepEqual(listImages(store), [])
  for (const place of ['layers', 'images', 'refs/names', 'ingest', 'blobs/sha256', 'evidence']) assert.deepEqual(readdirSync(join(store.directory, place)), [], place)
}

for (const armor of [true, false]) {
  test(`takes an ACI with a signature beside it, ${armor ? 'armored' : 'binary'}, and keeps who signed`, { skip }, async (t) => {
    const { workshop, path, trust, sign } = make(t, '--gzip')
    await trust(somebody, prefix('example.com'))
    sign(somebody, { armor })
    const [record] = await workshop.fetch([path], checks)
    const { verdict, method, name, digest, signed, signer } = readEvidence(workshop.store, record!.imageId)[0]!.evidence
    assert.deepEqual(
      { verdict, method, name, digest, signed },
      { verdict: 'verified', method: 'openpgp', name: 'example.com/true', digest: record!.layers[0]!.digest, signed: 'archive' },
    )
    assert.equal(signer?.fingerprint, somebody.fingerprint)
    await workshop.fetch([path], checks)
    assert.equal(readEvidence(workshop.store, record!.imageId).length, 1, 'a check that says nothing new is not kept')
  })
}

test('takes the signature that --signature names', { skip }, async (t) => {
  const { workshop, path, bytes, trust } = make(t)
  await trust(somebody, { kind: 'root' })
  const signature = join(workshop.directory, 'elsewhere.sig')
  writeFileSync(signature, somebody.sign(bytes))
  const apps = [{ reference: path, signature, args: [], environment: [], mounts: [], isolators: {}, annotations: [] }]
  const [record] = await workshop.fetch([path], { ...checks, apps })
  assert.equal(record!.manifest.name, 'example.com/true')
})

for (const [what, message, prepare] of [
  ['without any key', /signature made by unknown entity/, async ({ sign }: Made) => sign(somebody)],
  ['with a key for another prefix', /signature made by unknown entity/, async ({ trust, sign }: Made) => {
    await trust(somebody, prefix('example.org'))
    sign(somebody)
  }],
  ['with the key of somebody else', /signature made by unknown entity/, async ({ trust, sign }: Made) => {
    await trust(other, prefix('example.com'))
    sign(somebody)
  }],
  ['with a signature of another archive', /signed digest did not match/, async ({ trust, path }: Made) => {
    await trust(somebody, prefix('example.com'))
    writeFileSync(`${path}.asc`, somebody.sign(Buffer.from('another archive')))
  }],
] as const) {
  test(`refuses an ACI ${what}, and keeps nothing of it`, { skip }, async (t) => {
    const made = make(t)
    await prepare(made)
    await assert.rejects(made.workshop.fetch([made.path], checks), hasCode('SIGNATURE_INVALID', message))
    assertNothingKept(made.workshop)
  })
}

test('refuses an ACI that was changed behind its signature by a single bit', { skip }, async (t) => {
  const { workshop, path, bytes, trust, sign } = make(t)
  await trust(somebody, prefix('example.com'))
  sign(somebody)
  const at = bytes.indexOf('#!/bin/sh')
  writeFileSync(path, bytes.map((byte, index) => (index === at ? byte ^ 1 : byte)))
  await assert.rejects(workshop.fetch([path], checks), hasCode('SIGNATURE_INVALID'))
  assertNothingKept(workshop)
})

test('a key of the system that is disabled here counts for nothing', { skip }, async (t) => {
  const { workshop, configured, path, sign } = make(t)
  const stored = storeKey(configured.system, prefix('example.com'), (await readPublicKeys(somebody.publicKey, 'key'))[0]!)
  sign(somebody)
  await workshop.fetch([path], checks)
  mkdirSync(join(configured.local, 'trustedkeys/prefix.d/example.com'), { recursive: true })
  writeFileSync(stored.replace(configured.system, configured.local), '')
  await assert.rejects(workshop.fetch([path], checks), hasCode('SIGNATURE_INVALID', /unknown entity/))
})

test('a rule can reject a name, and ask for one key of several', { skip }, async (t) => {
  const { workshop, configured, path, trust, sign } = make(t)
  await Promise.all([trust(somebody, { kind: 'root' }), trust(other, { kind: 'root' })])
  configured.writePolicy([{ prefix: '', require: [{ kind: 'openpgp', fingerprints: [other.fingerprint] }] }])
  sign(somebody)
  await assert.rejects(workshop.fetch([path], checks), hasCode('SIGNATURE_INVALID'))
  sign(other)
  await workshop.fetch([path], checks)
  configured.writePolicy([{ prefix: 'example.com', require: [{ kind: 'openpgp' }] }, { prefix: 'example.com/true', require: 'reject' }])
  await assert.rejects(workshop.fetch([path], checks), hasCode('SIGNATURE_REQUIRED', /no image named example.com\/true is accepted/))
})

test('the name inside an ACI from a file is a claim: no rule lets it go without a signature', { skip }, async (t) => {
  const { workshop, configured, path, trust, sign } = make(t)
  configured.writePolicy([{ prefix: 'example.com', require: 'nothing' }])
  await assert.rejects(workshop.fetch([path], checks), hasCode('SIGNATURE_REQUIRED', /opening signature file/))
  sign(somebody)
  await assert.rejects(workshop.fetch([path], checks), hasCode('SIGNATURE_INVALID', /unknown entity/))
  assertNothingKept(workshop)
  await trust(somebody, prefix('example.com'))
  await workshop.fetch([path], checks)
})

test('nothing is taken while the policy cannot be read', { skip }, async (t) => {
  const { workshop, configured, path, trust, sign } = make(t)
  await trust(somebody, { kind: 'root' })
  sign(somebody)
  configured.writeFile('policy.d/test.json', '{"rules": "none"')
  await assert.rejects(workshop.fetch([path], checks), hasCode('CONFIG_INVALID', /test\.json/))
})

/** A server that puts the signature off for `deferrals` requests. */
async function serve(t: TestContext, image: Buffer, signature: Buffer, deferrals: number): Promise<{ url: string; asked: string[] }> {
  const asked: string[] = []
  const server = createServer(({ url = '' }, response) => {
    asked.push(url)
    if (!url.endsWith('.asc')) response.end(image)
    else if (asked.filter((one) => one.endsWith('.asc')).length <= deferrals) response.writeHead(202).end()
    else response.end(signature)
  }).listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/x.aci`, asked }
}

for (const [deferrals, order] of [[0, ['/x.aci.asc', '/x.aci']], [1, ['/x.aci.asc', '/x.aci', '/x.aci.asc']]] as const) {
  test(`a server that puts the signature off ${deferrals} times is asked for ${order.join(', ')}`, { skip }, async (t) => {
    const { workshop, bytes, trust } = make(t)
    await trust(somebody, prefix('example.com'))
    const { url, asked } = await serve(t, bytes, somebody.sign(bytes), deferrals)
    const [record] = await workshop.fetch([url], checks)
    assert.deepEqual(asked, order)
    assert.equal(readEvidence(workshop.store, record!.imageId)[0]!.evidence.signer?.fingerprint, somebody.fingerprint)
  })
}

test('a server that puts the signature off for ever, or signs something else in the end, is refused', { skip }, async (t) => {
  const { workshop, bytes, trust } = make(t)
  await trust(somebody, prefix('example.com'))
  const never = await serve(t, bytes, Buffer.alloc(0), 9)
  await assert.rejects(workshop.fetch([never.url], checks), hasCode('SIGNATURE_REQUIRED', /server asked to defer the download again/))
  const wrong = await serve(t, bytes, somebody.sign(Buffer.from('something else')), 1)
  await assert.rejects(workshop.fetch([wrong.url], checks), hasCode('SIGNATURE_INVALID'))
  assertNothingKept(workshop)
})

test('the evidence holds again offline, and tells when the image or the trust has changed', { skip }, async (t) => {
  const { workshop, configured, path, bytes, trust, sign } = make(t)
  await trust(somebody, prefix('example.com'))
  sign(somebody)
  const [record] = await workshop.fetch([path], checks)
  const { evidence } = readEvidence(workshop.store, record!.imageId)[0]!
  const check = (archive: Buffer, changed: object = {}): ReturnType<typeof recheckEvidence> => recheckEvidence(
    { ...evidence, ...changed }, { archive: once(archive) }, openTrust([configured.system, configured.local, configured.user]),
  )
  assert.equal((await check(bytes)).state, 'holds')
  assert.equal((await check(Buffer.concat([bytes, Buffer.from('x')]))).state, 'broken')
  assert.match((await check(bytes, { signature: other.sign(bytes, { armor: false }).toString('base64') })).why, /unknown entity/)
  assert.match((await check(bytes, { signer: { ...evidence.signer, identities: ['Somebody Else'] } })).why, /somebody else/)
  assert.match((await check(bytes, { key: undefined })).why, /lacks its key/)
  configured.writeFile(`trustedkeys/prefix.d/example.com/${somebody.fingerprint}`, '')
  const now = await check(bytes)
  assert.equal(now.state, 'untrusted')
  assert.match(now.why, new RegExp(`${somebody.fingerprint} is not trusted for example.com/true now`))
})

async function* once(bytes: Buffer): AsyncGenerator<Buffer> {
  yield bytes
}
