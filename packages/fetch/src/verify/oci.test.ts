import assert from 'node:assert/strict'
import { createHash, sign } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { before, test, type TestContext } from 'node:test'
import type { ImageRecord, PolicyRule } from '@rocket/contracts'
import { listImages, readEvidence } from '@rocket/store'
import { openTrust, readPublicKeys, recheckEvidence, storeKey } from '@rocket/trust'
import {
  hasCode, makeSigner, makeWorld, missingGpg, newKeys, pem, signBundleWithKey, signWithKey, someone, type CosignLayer, type SigstoreWorld,
} from '@rocket/trust/testing'
import { configure, type Configured } from '../testing/configure.ts'
import { makeWorkshop, type Workshop } from '../testing/fetch-in.ts'
import { makeLayout, type TestDescriptor } from '../testing/make-layout.ts'
import { addFallbackTag, addToLayout, addToRegistry, bundleImage, describe, signatureImage, type SignatureManifest } from '../testing/sign-image.ts'
import { registryMissing, startRegistry } from '../testing/start-registry.ts'

const checks = { insecure: { image: false, tls: false, http: true, pubkey: false } }
const keys = newKeys()
const claimed = 'registry.example.com/team/web'

let world: SigstoreWorld
before(async () => {
  world = await makeWorld()
})

interface Made {
  workshop: Workshop
  configured: Configured
  /** A layout with one image. */
  layout: string
  image: TestDescriptor
  reference: string
  byKey: PolicyRule
  byIdentity: PolicyRule
}

function make(t: TestContext): Made {
  const workshop = makeWorkshop(t)
  const configured = configure(t, workshop.directory)
  mkdirSync(join(workshop.directory, 'root'))
  writeFileSync(join(workshop.directory, 'root/f'), 'content')
  const layout = join(workshop.directory, 'web')
  const { manifest } = makeLayout(layout, [join(workshop.directory, 'root')], { tag: `${claimed}:1` })
  const key = configured.writeFile('team.pub', pem(keys.publicKey))
  const trustedRoot = configured.writeFile('root.json', world.trustedRoot)
  return {
    workshop, configured, layout, image: describe(manifest), reference: `oci:${layout}:1`,
    byKey: { prefix: 'registry.example.com/team', require: [{ kind: 'sigstoreKey', key }] },
    byIdentity: { prefix: 'registry.example.com', require: [{ kind: 'sigstoreIdentity', ...someone, trustedRoot }] },
  }
}

function assertNothingKept({ store }: Workshop): void {
  assert.deepEqual(listImages(store), [])
  for (const place of ['layers', 'images', 'refs/names', 'ingest', 'blobs/sha256', 'evidence']) assert.deepEqual(readdirSync(join(store.directory, place)), [], place)
}

function evidenceOf({ store }: Workshop, record: ImageRecord | undefined): ReturnType<typeof readEvidence>[number]['evidence'] {
  return readEvidence(store, record!.imageId).at(-1)!.evidence
}

const tagOf = ({ digest }: TestDescriptor): string => `${digest.replace(':', '-')}.sig`

for (const [what, add] of [
  ["cosign's tag", async ({ layout, image }: Made) => addToLayout(layout, signatureImage([await world.signLayer(image.digest)]), tagOf(image))],
  ['a referrer in the first format', async ({ layout, image }: Made) => addToLayout(layout, signatureImage([await world.signLayer(image.digest)], image))],
  ['a referrer with a bundle', async ({ layout, image }: Made) => addToLayout(layout, bundleImage(await world.signBundle(image.digest), image))],
] as const) {
  test(`a layout with ${what} is taken by the identity that signed it`, async (t) => {
    const made = make(t)
    made.configured.writePolicy([made.byIdentity])
    await add(made)
    const [record] = await made.workshop.fetch([made.reference], checks)
    const { verdict, method, name, signer, digest } = evidenceOf(made.workshop, record)
    assert.deepEqual({ verdict, method, name, digest }, { verdict: 'verified', method: 'sigstoreIdentity', name: claimed, digest: made.image.digest })
    assert.deepEqual([signer?.identities, signer?.issuer], [[someone.identity], someone.issuer])
  })
}

test('of two signatures one that holds suffices, whichever stands first', async (t) => {
  const made = make(t)
  made.configured.writePolicy([made.byKey])
  const [bad, good] = [signWithKey(made.image.digest, newKeys().privateKey), signWithKey(made.image.digest, keys.privateKey)]
  addToLayout(made.layout, signatureImage([bad, good]), tagOf(made.image))
  const [record] = await made.workshop.fetch([made.reference], checks)
  assert.equal(evidenceOf(made.workshop, record).method, 'sigstoreKey')
})

const other = `sha256:${'b'.repeat(64)}`
for (const [what, code, message, sign] of [
  ['without any signature', 'SIGNATURE_REQUIRED', /no signature of the kind that is wanted/, async () => []],
  ['with the signature of another image', 'SIGNATURE_INVALID', /it is of another image, sha256:bbb/, async () => [await world.signLayer(other)]],
  ['signed by somebody else', 'SIGNATURE_INVALID', /was made by mailto:x@example.com/, async ({ image }: Made) => [await world.signLayer(image.digest, { identity: 'mailto:x@example.com' })]],
  ['vouched for by another issuer', 'SIGNATURE_INVALID', /evil.example vouches/, async ({ image }: Made) => [await world.signLayer(image.digest, { issuer: 'https://evil.example' })]],
  ['whose signature is in no log', 'SIGNATURE_INVALID', /no Rekor entry/, async ({ image }: Made) => [await world.signLayer(image.digest, { unlogged: true })]],
  ['with two bad signatures, each of which is told', 'SIGNATURE_INVALID', /another image.*no Rekor entry/s, async ({ image }: Made) => [
    await world.signLayer(other), await world.signLayer(image.digest, { unlogged: true }),
  ]],
  ['with a key for another prefix', 'SIGNATURE_INVALID', /has no certificate/, async ({ image }: Made) => [signWithKey(image.digest, keys.privateKey)]],
] as const satisfies readonly (readonly [string, Parameters<typeof hasCode>[0], RegExp, (made: Made) => Promise<CosignLayer[]>])[]) {
  test(`refuses a layout ${what}, and keeps nothing of it`, async (t) => {
    const made = make(t)
    made.configured.writePolicy([made.byIdentity, { ...made.byKey, prefix: 'registry.example.com/other' }])
    const layers = await sign(made)
    if (layers.length > 0) addToLayout(made.layout, signatureImage(layers), tagOf(made.image))
    await assert.rejects(made.workshop.fetch([made.reference], checks), hasCode(code, message))
    assertNothingKept(made.workshop)
  })
}

test('a name that a layout gives itself cannot do without a signature', async (t) => {
  const { workshop, configured, reference } = make(t)
  configured.writePolicy([{ prefix: 'registry.example.com', require: 'nothing' }])
  await assert.rejects(workshop.fetch([reference], checks), hasCode('SIGNATURE_REQUIRED', /rule for registry\.example\.com .* and no key is trusted for it/))
  assertNothingKept(workshop)
})

test('a signature of an index stands for the image of this platform below it, and holds again offline', async (t) => {
  const made = make(t)
  made.configured.writePolicy([made.byIdentity])
  const index = Buffer.from(JSON.stringify({
    schemaVersion: 2, mediaType: 'application/vnd.oci.image.index.v1+json',
    manifests: [{ ...made.image, platform: { os: 'linux', architecture: { x64: 'amd64', arm64: 'arm64' }[process.arch as 'x64'] } }],
  }))
  const { digest } = describe(index)
  writeFileSync(join(made.layout, 'blobs', digest.replace(':', '/')), index)
  const entry = { ...describe(index, 'application/vnd.oci.image.index.v1+json'), annotations: { 'org.opencontainers.image.ref.name': `${claimed}:1` } }
  writeFileSync(join(made.layout, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests: [entry] }))
  addToLayout(made.layout, signatureImage([await world.signLayer(digest)]), `${digest.replace(':', '-')}.sig`)
  const [record] = await made.workshop.fetch([made.reference], checks)
  const evidence = evidenceOf(made.workshop, record)
  assert.deepEqual([evidence.digest, evidence.indexes?.length], [digest, 1])

  const trust = openTrust([made.configured.system, made.configured.local, made.configured.user])
  const manifest = readFileSync(join(made.workshop.store.directory, 'blobs', made.image.digest.replace(':', '/')))
  const check = (changed: object, bytes = manifest): ReturnType<typeof recheckEvidence> => recheckEvidence({ ...evidence, ...changed }, { manifest: bytes }, trust)
  assert.equal((await check({})).state, 'holds')
  assert.match((await check({}, Buffer.from('{}'))).why, /does not lead to/)
  assert.match((await check({ indexes: [] })).why, /does not lead to/)
  assert.match((await check({ digest: other })).why, /does not lead to/)
  assert.match((await check({ signer: { ...evidence.signer, identities: ['mailto:x@example.com'] } })).why, /wanted is mailto:x@example.com/)
  assert.match((await check({ trustedRoot: (await makeWorld()).trustedRoot.toString('base64') })).why, /does not hold/)
  made.configured.writePolicy([{ ...made.byKey, prefix: '' }])
  const later = openTrust([made.configured.system, made.configured.local, made.configured.user])
  assert.equal((await recheckEvidence(evidence, { manifest }, later)).state, 'untrusted')
})

for (const newline of ['', '\n']) {
  test(`takes a detached OpenPGP signature over a digest ${newline === '' ? 'alone' : 'with a line feed'}`, { skip: missingGpg }, async (t) => {
    const made = make(t)
    const somebody = makeSigner(t, 'Somebody <somebody@example.com>')
    storeKey(made.configured.local, { kind: 'prefix', prefix: 'registry.example.com' }, (await readPublicKeys(somebody.publicKey, 'key'))[0]!)
    const signature = join(made.workshop.directory, 'web.asc')
    const fetch = (): Promise<ImageRecord[]> => made.workshop.fetch([made.reference], {
      ...checks, apps: [{ reference: made.reference, signature, args: [], environment: [], mounts: [], isolators: {}, annotations: [] }],
    })
    writeFileSync(signature, somebody.sign(Buffer.from(other + newline)))
    await assert.rejects(fetch(), hasCode('SIGNATURE_INVALID', /signed digest did not match/))
    assertNothingKept(made.workshop)
    writeFileSync(signature, somebody.sign(Buffer.from(made.image.digest + newline)))
    const [record] = await fetch()
    const { method, signed, digest, signer } = evidenceOf(made.workshop, record)
    assert.deepEqual([method, signed, digest, signer?.fingerprint], ['openpgp', 'digest', made.image.digest, somebody.fingerprint])
    const again = await recheckEvidence(
      evidenceOf(made.workshop, record), { manifest: readFileSync(join(made.layout, 'blobs', made.image.digest.replace(':', '/'))) },
      openTrust([made.configured.system, made.configured.local]),
    )
    assert.equal(again.state, 'holds')
  })
}

test('signatures of a registry are found under the tag, among referrers and under the tag for those', { skip: registryMissing }, async (t) => {
  const made = make(t)
  const registry = await startRegistry(t, made.workshop.directory)
  made.configured.writePolicy([
    { ...made.byIdentity, prefix: `${registry.host}/tagged` }, { ...made.byIdentity, prefix: `${registry.host}/referred` },
    { ...made.byKey, prefix: `${registry.host}/key` },
  ])
  for (const name of ['tagged/web', 'referred/web', 'key/web', 'none/web']) registry.push(`oci:${made.layout}:${claimed}:1`, `${name}:1`)
  const fetch = async (name: string): Promise<ReturnType<typeof evidenceOf>> => (
    evidenceOf(made.workshop, (await made.workshop.fetch([`docker://${registry.host}/${name}:1`], { ...checks, pullPolicy: 'update' }))[0])
  )
  for (const name of ['tagged/web', 'referred/web', 'key/web']) await assert.rejects(fetch(name), hasCode('SIGNATURE_REQUIRED'), name)
  await assert.rejects(fetch('none/web'), hasCode('SIGNATURE_REQUIRED', /no key is trusted for it/))
  assertNothingKept(made.workshop)

  await addToRegistry(registry.host, 'tagged/web', signatureImage([await world.signLayer(made.image.digest)]), tagOf(made.image))
  assert.equal((await fetch('tagged/web')).signer?.issuer, someone.issuer)
  const referrer = bundleImage(await world.signBundle(made.image.digest), made.image)
  await addToRegistry(registry.host, 'referred/web', referrer)
  await addFallbackTag(registry.host, 'referred/web', made.image, [referrer])
  assert.equal((await fetch('referred/web')).signer?.issuer, someone.issuer)
  const byKey = bundleImage(signBundleWithKey(made.image.digest, keys.privateKey), made.image)
  await addToRegistry(registry.host, 'key/web', byKey)
  await addFallbackTag(registry.host, 'key/web', made.image, [byKey])
  const evidence = await fetch('key/web')
  assert.equal(evidence.signer?.fingerprint, createHash('sha256').update(keys.publicKey.export({ type: 'spki', format: 'der' })).digest('hex'))
})

/** A registry that knows the referrers API, which Debian's does not: everything else is passed on to that. */
async function withReferrers(t: TestContext, host: string, referrers: Readonly<Record<string, readonly SignatureManifest[]>>): Promise<{ host: string; asked: string[] }> {
  const asked: string[] = []
  const server = createServer((request, response) => {
    const url = request.url!
    asked.push(url)
    const found = /\/referrers\/(.+)$/.exec(url)?.[1]
    if (found !== undefined) {
      const mediaType = 'application/vnd.oci.image.index.v1+json'
      const manifests = (referrers[found] ?? []).map(({ bytes }) => ({ ...describe(bytes), artifactType: 'application/vnd.dev.sigstore.bundle.v0.3+json' }))
      return void response.writeHead(200, { 'content-type': mediaType }).end(JSON.stringify({ schemaVersion: 2, mediaType, manifests }))
    }
    const headers = { accept: String(request.headers.accept ?? '*/*') }
    void fetch(`http://${host}${url}`, { headers }).then(async (answer) => {
      response.writeHead(answer.status, { 'content-type': answer.headers.get('content-type') ?? '' }).end(Buffer.from(await answer.arrayBuffer()))
    })
  }).listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  return { host: `127.0.0.1:${(server.address() as AddressInfo).port}`, asked }
}

test('F3: signatures are found by the referrers API, and what is checked is what is used: the manifest is asked for once', { skip: registryMissing }, async (t) => {
  const made = make(t)
  const registry = await startRegistry(t, made.workshop.directory)
  registry.push(`oci:${made.layout}:${claimed}:1`, 'web:1')
  const referrer = bundleImage(await world.signBundle(made.image.digest), made.image)
  await addToRegistry(registry.host, 'web', referrer)
  const { host, asked } = await withReferrers(t, registry.host, { [made.image.digest]: [referrer] })
  made.configured.writePolicy([{ ...made.byIdentity, prefix: `${host}/web` }])
  const [record] = await made.workshop.fetch([`docker://${host}/web:1`], checks)
  assert.equal(evidenceOf(made.workshop, record).signer?.issuer, someone.issuer)
  assert.ok(asked.includes(`/v2/web/referrers/${made.image.digest}`), asked.join(' '))
  assert.ok(!asked.some((url) => url.endsWith(made.image.digest.replace(':', '-'))), asked.join(' '))
  assert.deepEqual(asked.filter((url) => url.endsWith('/manifests/1') || url.endsWith(`/manifests/${made.image.digest}`)), ['/v2/web/manifests/1'])
})

test('of a thousand signatures that somebody added, so many are looked at, and the image is refused in time', async (t) => {
  const made = make(t)
  made.configured.writePolicy([made.byKey])
  const junk = Array.from({ length: 1000 }, (_, index) => signWithKey(`sha256:${index.toString(16).padStart(64, '0')}`, keys.privateKey))
  addToLayout(made.layout, signatureImage(junk), tagOf(made.image))
  await assert.rejects(made.workshop.fetch([made.reference], checks), hasCode('SIGNATURE_INVALID', /of another image.*; and 56 more$/))
  assertNothingKept(made.workshop)
})

test('F3: a signature does not make one document of a manifest that is an index as well', async (t) => {
  const made = make(t)
  made.configured.writePolicy([made.byKey])
  const manifest = JSON.parse(readFileSync(join(made.layout, 'blobs', made.image.digest.replace(':', '/')), 'utf8')) as object
  const both = Buffer.from(JSON.stringify({ ...manifest, manifests: [made.image] }))
  const entry = { ...describe(both), annotations: { 'org.opencontainers.image.ref.name': `${claimed}:1` } }
  writeFileSync(join(made.layout, 'blobs', entry.digest.replace(':', '/')), both)
  writeFileSync(join(made.layout, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests: [entry] }))
  addToLayout(made.layout, signatureImage([signWithKey(entry.digest, keys.privateKey)]), tagOf(entry))
  await assert.rejects(made.workshop.fetch([made.reference], checks), hasCode('IMAGE_DOCUMENT_AMBIGUOUS'))
  assertNothingKept(made.workshop)
})

test('F3: a payload with a key given twice, of which each reader could take another, signs nothing', async (t) => {
  const made = make(t)
  made.configured.writePolicy([made.byKey])
  const payload = Buffer.from(`{"critical":{"image":{"docker-manifest-digest":"${other}","docker-manifest-digest":"${made.image.digest}"},"type":"cosign container image signature"}}`)
  const annotations = { 'dev.cosignproject.cosign/signature': sign('sha256', payload, keys.privateKey).toString('base64') }
  addToLayout(made.layout, signatureImage([{ payload, annotations }]), tagOf(made.image))
  await assert.rejects(made.workshop.fetch([made.reference], checks), hasCode('SIGNATURE_INVALID', /can be read in two ways/))
  assertNothingKept(made.workshop)
})
