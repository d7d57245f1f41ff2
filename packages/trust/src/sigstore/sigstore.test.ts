import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import { isRocketError } from '@rocket/contracts'
import fc from 'fast-check'
import { hasCode } from '../testing/gpg.ts'
import {
  makeWorld, newKeys, pem, signBundleWithKey, signWithKey, someone, type CosignLayer, type SigstoreWorld,
} from '../testing/sigstore-world.ts'
import { fromCosignLayer, type SigstoreSignature } from './signature.ts'
import type { SigstoreTrust } from './sigstore-trust.ts'
import { verifySigstore, type SigstoreRequirement } from './verify-signature.ts'

const digest = `sha256:${'a'.repeat(64)}`
const other = `sha256:${'b'.repeat(64)}`
const wanted: SigstoreRequirement = { kind: 'sigstoreIdentity', ...someone, trustedRoot: '/root.json' }
const byKey: SigstoreRequirement = { kind: 'sigstoreKey', key: '/team.pub' }
const keys = newKeys()

let world: SigstoreWorld
let elsewhere: SigstoreWorld
before(async () => {
  [world, elsewhere] = await Promise.all([makeWorld(), makeWorld()])
})

const layer = ({ payload, annotations }: CosignLayer): SigstoreSignature => fromCosignLayer(payload, annotations, 'x.sig')
const bundle = (bytes: Buffer): SigstoreSignature => ({ bundle: bytes, source: 'x.sigstore.json' })
const rootOf = ({ trustedRoot }: SigstoreWorld): SigstoreTrust => ({ trustedRoot })
const key: SigstoreTrust = { key: Buffer.from(pem(keys.publicKey)) }

test('a signature without a key names identity, issuer and time, in both formats of cosign', async () => {
  for (const signature of [layer(await world.signLayer(digest)), bundle(await world.signBundle(digest))]) {
    const found = await verifySigstore(signature, [other, digest], wanted, rootOf(world))
    assert.equal(found.digest, digest)
    assert.deepEqual({ ...found.signer, signedAt: undefined }, { identities: [someone.identity], issuer: someone.issuer, signedAt: undefined })
    assert.ok(Math.abs(Date.parse(found.signer.signedAt!) - Date.now()) < 60_000)
  }
})

test('a signature with a key names the key, in both formats', async () => {
  for (const signature of [layer(signWithKey(digest, keys.privateKey)), bundle(signBundleWithKey(digest, keys.privateKey))]) {
    const { signer } = await verifySigstore(signature, [digest], byKey, key)
    assert.match(signer.fingerprint!, /^[0-9a-f]{64}$/)
  }
})

test('a signature with a key that is in the log holds where the log is asked for', async () => {
  const logged = layer(await world.logLayer(signWithKey(digest, keys.privateKey), keys.publicKey))
  const requirement = { ...byKey, trustedRoot: '/root.json' }
  const { signer } = await verifySigstore(logged, [digest], requirement, { ...key, ...rootOf(world) })
  assert.ok(signer.signedAt !== undefined)
  await assert.rejects(verifySigstore(logged, [digest], requirement, { ...key, ...rootOf(elsewhere) }), hasCode('SIGNATURE_INVALID'))
  const unlogged = layer(signWithKey(digest, keys.privateKey))
  await assert.rejects(verifySigstore(unlogged, [digest], requirement, { ...key, ...rootOf(world) }), hasCode('SIGNATURE_INVALID', /no Rekor entry/))
})

test('a star in an identity stands for any characters, and a dot for itself', async () => {
  const signature = layer(await world.signLayer(digest))
  const ask = (identity: string): Promise<unknown> => verifySigstore(signature, [digest], { ...wanted, identity }, rootOf(world))
  await ask('https://github.com/example/*@refs/tags/*')
  for (const identity of ['https://github.com/example/', 'https://github.com/*/release.yml', 'https://github.com/example/web/.github/workflows/releaseXyml@refs/tags/v1']) {
    await assert.rejects(ask(identity), hasCode('SIGNATURE_INVALID', /was made by https:\/\/github.com\/example\/web/))
  }
})

for (const [what, message, sign, requirement, trust] of [
  ['of another image', /it is of another image, sha256:b/, () => world.signLayer(other), wanted, () => rootOf(world)],
  ['of another image, as a bundle', /it is of another image, sha256:b/, () => world.signBundle(other), wanted, () => rootOf(world)],
  ['by somebody else', /made by mailto:evil@example.com/, () => world.signLayer(digest, { identity: 'mailto:evil@example.com' }), wanted, () => rootOf(world)],
  ['vouched for by somebody else', /https:\/\/evil.example.com vouches/, () => world.signBundle(digest, { issuer: 'https://evil.example.com' }), wanted, () => rootOf(world)],
  ['without an entry in the log', /no Rekor entry/, () => world.signLayer(digest, { unlogged: true }), wanted, () => rootOf(world)],
  ['without an entry in the log, as a bundle', /no Rekor entry/, () => world.signBundle(digest, { unlogged: true }), wanted, () => rootOf(world)],
  ['of another authority', /certificate|tlog|log/, () => elsewhere.signLayer(digest), wanted, () => rootOf(world)],
  ['with a key where an identity is wanted', /has no certificate/, () => signWithKey(digest, keys.privateKey), wanted, () => rootOf(world)],
  ['with a certificate where a key is wanted', /the policy wants a key/, () => world.signLayer(digest), byKey, () => key],
  ['with another key', /signature verification failed/, () => signWithKey(digest, newKeys().privateKey), byKey, () => key],
  ['with another key, as a bundle', /signature verification failed/, () => signBundleWithKey(digest, newKeys().privateKey), byKey, () => key],
] as const) {
  test(`refuses a signature ${what}`, async () => {
    const made = await sign()
    const signature = Buffer.isBuffer(made) ? bundle(made) : layer(made)
    await assert.rejects(verifySigstore(signature, [digest], requirement, trust()), hasCode('SIGNATURE_INVALID', message))
  })
}

test('refuses a certificate that had run out when the log took the signature', async () => {
  const late = await makeWorld({ clock: new Date(Date.now() + 3_600_000) })
  await assert.rejects(
    verifySigstore(layer(await late.signLayer(digest)), [digest], wanted, rootOf(late)), hasCode('SIGNATURE_INVALID', /expired at the specified date/),
  )
})

test('a timestamp of an authority says when a certificate was used, where the root has no log', async () => {
  const timeless = await makeWorld({ withoutLogs: true })
  const sign = (world: SigstoreWorld): Promise<Buffer> => world.signBundle(digest, { unlogged: true, timestamped: true })
  const { signer } = await verifySigstore(bundle(await sign(timeless)), [digest], wanted, rootOf(timeless))
  assert.equal(signer.issuer, someone.issuer)
  const late = await makeWorld({ withoutLogs: true, clock: new Date(Date.now() + 3_600_000) })
  await assert.rejects(verifySigstore(bundle(await sign(late)), [digest], wanted, rootOf(late)), hasCode('SIGNATURE_INVALID', /expired at the specified date/))
  const foreign = JSON.parse((await sign(timeless)).toString()) as { verificationMaterial: object }
  const { verificationMaterial } = JSON.parse((await sign(late)).toString()) as { verificationMaterial: { timestampVerificationData: object } }
  const mixed = { ...foreign, verificationMaterial: { ...foreign.verificationMaterial, timestampVerificationData: verificationMaterial.timestampVerificationData } }
  await assert.rejects(verifySigstore(bundle(Buffer.from(JSON.stringify(mixed))), [digest], wanted, rootOf(timeless)), hasCode('SIGNATURE_INVALID', /timestamp/))
})

test('refuses a certificate when nothing says at what time it was used', async () => {
  const timeless = await makeWorld({ withoutLogs: true })
  await assert.rejects(
    verifySigstore(bundle(await timeless.signBundle(digest, { unlogged: true })), [digest], wanted, rootOf(timeless)),
    hasCode('SIGNATURE_INVALID', /expected 1 timestamps, got 0/),
  )
})

test('refuses an attestation of the same signer: an inventory is no signature', async () => {
  const inventory = bundle(await world.signBundle(digest, { predicateType: 'https://spdx.dev/Document' }))
  await assert.rejects(verifySigstore(inventory, [digest], wanted, rootOf(world)), hasCode('SIGNATURE_UNREADABLE', /attestation/))
})

test('refuses a bundle in which anything that counts was changed', async () => {
  const good = JSON.parse((await world.signBundle(digest)).toString()) as unknown
  const evil = JSON.parse((await world.signBundle(other)).toString()) as unknown
  const pointers = [
    ['dsseEnvelope', 'payload'], ['dsseEnvelope', 'signatures'], ['verificationMaterial', 'certificate'], ['verificationMaterial', 'tlogEntries'],
    ['verificationMaterial', 'tlogEntries', '0', 'canonicalizedBody'], ['verificationMaterial', 'tlogEntries', '0', 'inclusionPromise'],
    ['verificationMaterial', 'tlogEntries', '0', 'inclusionProof'],
  ]
  for (const pointer of pointers) {
    const mixed = bundle(Buffer.from(JSON.stringify(replaced(good, evil, pointer))))
    await assert.rejects(verifySigstore(mixed, [digest, other], wanted, rootOf(world)), hasCode('SIGNATURE_INVALID'), pointer.join('.'))
  }
})

test('refuses a payload that was changed after it was signed', async () => {
  const { payload, annotations } = await world.signLayer(other)
  const forged = Buffer.from(payload.toString().replace(other, digest))
  await assert.rejects(verifySigstore(layer({ payload: forged, annotations }), [digest], wanted, rootOf(world)), hasCode('SIGNATURE_INVALID'))
})

for (const [what, text] of [
  ['no JSON', 'x'], ['a list', '[]'], ['no bundle', '{}'], ['a key given twice', '{"mediaType":"a","mediaType":"b"}'],
  ['a bundle without content', '{"mediaType":"application/vnd.dev.sigstore.bundle.v0.3+json","verificationMaterial":{"publicKey":{"hint":""},"tlogEntries":[]}}'],
] as const) {
  test(`cannot read ${what} as a signature`, async () => {
    await assert.rejects(verifySigstore(bundle(Buffer.from(text)), [digest], byKey, key), hasCode('SIGNATURE_UNREADABLE'))
  })
}

for (const [what, trust] of [['a key', { key: Buffer.from('junk') }], ['a key that is private', { key: Buffer.from(keys.privateKey.export({ type: 'pkcs8', format: 'pem' })) }]] as const) {
  test(`what is not ${what} of somebody is refused by its file`, async () => {
    await assert.rejects(verifySigstore(layer(signWithKey(digest, keys.privateKey)), [digest], byKey, trust), hasCode('KEY_INVALID', /\/team\.pub/))
  })
}

test('an empty trusted root trusts nobody, and says so', async () => {
  await assert.rejects(verifySigstore(layer(await world.signLayer(digest)), [digest], wanted, { trustedRoot: Buffer.from('{}') }), hasCode('KEY_INVALID', /root\.json/))
})

function replaced(good: unknown, evil: unknown, [head, ...rest]: readonly string[]): unknown {
  if (head === undefined) return evil
  const [own, foreign] = [good, evil] as Record<string, unknown>[]
  const value = replaced(own![head], foreign![head], rest)
  return Array.isArray(good) ? good.map((item, index) => (String(index) === head ? value : item)) : { ...own, [head]: value }
}

test('a bundle with one value changed is refused in our words, or changed where nothing is signed', async () => {
  const good = JSON.parse((await world.signBundle(digest)).toString()) as unknown
  const pointers = [...pointersOf(good)]
  const changed = fc.tuple(fc.constantFrom(...pointers), fc.oneof(fc.jsonValue({ maxDepth: 2 }), fc.constantFrom('', 'AAAA', -1, {}, []))).map(
    ([pointer, value]) => replaced(good, pointer.reduceRight<unknown>((inner, key) => ({ [key]: inner }), value), pointer),
  )
  await fc.assert(fc.asyncProperty(changed, async (value) => {
    const signature = bundle(Buffer.from(JSON.stringify(value)))
    const found = await verifySigstore(signature, [digest], wanted, rootOf(world)).catch((error: unknown) => {
      assert.ok(isRocketError(error), String((error as Error).stack))
    })
    if (found !== undefined) assert.deepEqual(found.signer.identities, [someone.identity])
    await assert.rejects(verifySigstore(signature, [other], wanted, rootOf(world)), (error) => isRocketError(error))
  }), { numRuns: Number(process.env['ROCKET_FUZZ_RUNS'] ?? 300) })
})

test('annotations of any content make a signature that is refused in our words', async () => {
  const { payload, annotations } = await world.signLayer(digest)
  const names = Object.keys(annotations)
  await fc.assert(fc.asyncProperty(fc.constantFrom(...names), fc.oneof(fc.string(), fc.json()), async (name, text) => {
    await assert.rejects(async () => {
      await verifySigstore(layer({ payload, annotations: { ...annotations, [name]: text } }), [digest], wanted, rootOf(world))
    }, (error) => isRocketError(error) || assert.fail(String((error as Error).stack)))
  }), { numRuns: Number(process.env['ROCKET_FUZZ_RUNS'] ?? 200) })
})

function* pointersOf(value: unknown, at: readonly string[] = []): Generator<string[]> {
  if (at.length > 0) yield [...at]
  if (typeof value === 'object' && value !== null) for (const [key, inner] of Object.entries(value)) yield* pointersOf(inner, [...at, key])
}
