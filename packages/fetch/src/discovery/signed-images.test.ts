import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { before, test, type TestContext } from 'node:test'
import { openStore, readEvidence } from '@rocket/store'
import { makeSigner, missingGpg, type TestSigner } from '@rocket/trust/testing'
import { inNetwork, makeWorld, metaTag, type World } from '../testing/discovery-world.ts'

const skip = missingGpg === false ? inNetwork : { skip: missingGpg }
const checked = { insecure: { image: false, tls: false, http: false, pubkey: false } }
const trusting = { ...checked, trustKeysFromHttps: true }

let signer: TestSigner
before((t) => {
  if (missingGpg === false) signer = makeSigner(t as TestContext, 'Somebody <somebody@example.com>')
})

/** `a`, which depends on `b`; `a` is signed, and its page says where the key is. */
async function makeSignedWorld(t: TestContext, key = 'https://dl.example.com/key.asc'): Promise<World & { keys: string }> {
  const world = await makeWorld(t)
  const { site, directory } = world
  world.putLibraries({ a: ['b'], b: [] })
  site.page('example.com/a', metaTag('example.com https://dl.example.com/{name}.{ext}') + metaTag(`example.com/a ${key}`, 'ac-discovery-pubkeys'))
  writeFileSync(site.file('dl.example.com', 'key.asc'), signer.publicKey)
  sign(world, 'a')
  return { ...world, keys: join(directory, 'etc/local/trustedkeys/prefix.d') }
}

function sign({ site }: World, name: string): void {
  const path = site.file('dl.example.com', `example.com/${name}.aci`)
  writeFileSync(`${path}.asc`, signer.sign(readFileSync(path)))
}

test('each dependency has its keys looked for as well, and is taken with its own evidence', skip, async (t) => {
  const world = await makeSignedWorld(t)
  const { site, fetch, keys, directory } = world
  site.page('example.com/b', metaTag('example.com https://dl.example.com/{name}.{ext}') + metaTag('example.com/b https://dl.example.com/key.asc', 'ac-discovery-pubkeys'))
  sign(world, 'b')
  const { code, said, images } = await fetch('example.com/a', trusting)
  assert.equal(code, '', said)
  assert.deepEqual(images.map(({ name }) => name).sort(), ['example.com/a', 'example.com/b'])
  for (const name of ['a', 'b']) assert.deepEqual(readdirSync(join(keys, 'example.com', name)), [signer.fingerprint])
  const store = openStore(join(directory, 'data/cas'))
  for (const { imageId } of images) assert.equal(readEvidence(store, imageId)[0]?.evidence.verdict, 'verified')
})

test('a dependency without a signature is refused, however well the image above it is signed', skip, async (t) => {
  const { fetch } = await makeSignedWorld(t)
  const { code, said, images } = await fetch('example.com/a', trusting)
  assert.equal(code, 'SIGNATURE_REQUIRED')
  assert.match(said, /example\.com\/b, which example\.com\/a depends on, was not fetched/)
  assert.deepEqual(images, [])
})

for (const [what, key, allowed] of [
  ['over plain http', 'http://dl.example.com/key.asc', false], ['over plain http, which was allowed', 'http://dl.example.com/key.asc', true],
  ['on this machine', 'https://127.0.0.1/key.asc', false], ['in a file', 'file:///etc/passwd', false],
] as const) {
  test(`F5: a key that lies ${what} is ${allowed ? 'asked for, and shown to somebody first' : 'not asked for'}`, skip, async (t) => {
    const { site, fetch, keys } = await makeSignedWorld(t, key)
    const { code, debug } = await fetch('example.com/a', { ...trusting, insecure: { ...checked.insecure, http: allowed, pubkey: allowed } })
    assert.equal(code, 'SIGNATURE_INVALID')
    assert.match(debug, allowed ? /signing keys may be downloaded from an insecure connection/ : /error determining key location/)
    assert.equal(site.requests().some((url) => url.includes('key.asc')), allowed)
    assert.equal(existsSync(keys), false)
  })
}
