import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isRocketError } from '@rocket/contracts'
import fc from 'fast-check'
import { hasCode, makeSigner, missingGpg } from '../testing/gpg.ts'
import { readPublicKeys } from './read-public-key.ts'
import { formatKeyReview } from './review-text.ts'
import { startDeferredCheck, verifyDetached } from './verify-detached.ts'

const skip = missingGpg
const bytes = Buffer.from('the bytes of an image, as served')

for (const algorithm of ['ed25519', 'rsa3072', 'nistp256'] as const) {
  for (const armor of [true, false]) {
    test(`a detached signature by a key of ${algorithm}, ${armor ? 'armored' : 'binary'}, names its signer`, { skip }, async (t) => {
      const somebody = makeSigner(t, 'Somebody <somebody@example.com>', algorithm)
      const [key] = await readPublicKeys(somebody.publicKey, 'somebody.gpg')
      assert.equal(key!.fingerprint, somebody.fingerprint)
      const { signer } = await verifyDetached(bytes, { bytes: somebody.sign(bytes, { armor }), name: 'x.asc' }, [key!])
      assert.equal(signer.fingerprint, somebody.fingerprint)
      assert.deepEqual(signer.identities, ['Somebody <somebody@example.com>'])
    })
  }
}

test('a signature by a signing subkey counts as its key', { skip }, async (t) => {
  const somebody = makeSigner(t, 'Somebody <somebody@example.com>', 'ed25519', { subkey: true })
  const [key] = await readPublicKeys(somebody.publicKey, 'somebody.gpg')
  assert.equal(key!.subkeys.length, 1)
  const { signer } = await verifyDetached(bytes, { bytes: somebody.sign(bytes), name: 'x.asc' }, [key!])
  assert.equal(signer.fingerprint, somebody.fingerprint)
})

test('one good signature of several in a file suffices, wherever it stands', { skip }, async (t) => {
  const [one, other] = [makeSigner(t, 'One <one@example.com>'), makeSigner(t, 'Other <other@example.com>')]
  const both = Buffer.concat([other.sign(bytes, { armor: false }), one.sign(bytes, { armor: false })])
  const [key] = await readPublicKeys(one.publicKey, 'one.gpg')
  const { signer } = await verifyDetached(bytes, { bytes: both, name: 'x.asc' }, [key!])
  assert.equal(signer.fingerprint, one.fingerprint)
})

test('a signature by a key that is not trusted is refused, in the words of rkt', { skip }, async (t) => {
  const [one, other] = [makeSigner(t, 'One <one@example.com>'), makeSigner(t, 'Other <other@example.com>')]
  const keys = await readPublicKeys(other.publicKey, 'other.gpg')
  await assert.rejects(
    verifyDetached(bytes, { bytes: one.sign(bytes), name: 'x.asc' }, keys), hasCode('SIGNATURE_INVALID', /signature made by unknown entity/),
  )
})

test('a signature of other bytes is refused', { skip }, async (t) => {
  const one = makeSigner(t, 'One <one@example.com>')
  const keys = await readPublicKeys(one.publicKey, 'one.gpg')
  await assert.rejects(
    verifyDetached(Buffer.from('other bytes'), { bytes: one.sign(bytes), name: 'x.asc' }, keys),
    hasCode('SIGNATURE_INVALID', /signed digest did not match/),
  )
})

test('a signature that has run out is refused, and holds at a time before', { skip }, async (t) => {
  const one = makeSigner(t, 'One <one@example.com>')
  const keys = await readPublicKeys(one.publicKey, 'one.gpg')
  const signature = { bytes: one.sign(bytes, { expires: '1d' }), name: 'x.asc' }
  await verifyDetached(bytes, signature, keys)
  await assert.rejects(
    verifyDetached(bytes, signature, keys, new Date(Date.now() + 3 * 86_400_000)), hasCode('SIGNATURE_INVALID', /signature is expired/),
  )
})

test('a signature stays good when its key has run out since', { skip }, async (t) => {
  const one = makeSigner(t, 'One <one@example.com>', 'ed25519', { expires: '1d' })
  const keys = await readPublicKeys(one.publicKey, 'one.gpg')
  await verifyDetached(bytes, { bytes: one.sign(bytes), name: 'x.asc' }, keys, new Date(Date.now() + 30 * 86_400_000))
})

for (const [what, text, code] of [
  ['nothing', '', 'SIGNATURE_UNREADABLE'],
  ['some text', 'not a signature', 'SIGNATURE_UNREADABLE'],
  ['an armor with nothing in it', '-----BEGIN PGP SIGNATURE-----\n\n-----END PGP SIGNATURE-----\n', 'SIGNATURE_UNREADABLE'],
  ['a megabyte and more', 'x'.repeat(2 << 20), 'SIGNATURE_UNREADABLE'],
] as const) {
  test(`${what} is no signature`, async () => {
    await assert.rejects(verifyDetached(bytes, { bytes: Buffer.from(text), name: 'x.asc' }, []), hasCode(code))
  })
}

test('a signature of text, whose line ends do not count, is refused', { skip }, async (t) => {
  const one = makeSigner(t, 'One <one@example.com>')
  const keys = await readPublicKeys(one.publicKey, 'one.gpg')
  await assert.rejects(
    verifyDetached(bytes, { bytes: one.sign(bytes, { textmode: true }), name: 'x.asc' }, keys), hasCode('SIGNATURE_UNREADABLE'),
  )
})

test('a private key is refused, and so is what is no key', { skip }, async (t) => {
  const one = makeSigner(t, 'One <one@example.com>')
  await assert.rejects(readPublicKeys(one.privateKey(), 'one.gpg'), hasCode('KEY_INVALID', /private key/))
  await assert.rejects(readPublicKeys(Buffer.from('junk'), 'junk.gpg'), hasCode('KEY_INVALID'))
})

test('the review shows fingerprints as gpg does, and nothing that a terminal obeys', { skip }, async (t) => {
  const one = makeSigner(t, 'Evil \u001b[2J <evil@example.com>', 'ed25519', { subkey: true })
  const [key] = await readPublicKeys(one.publicKey, 'one.gpg')
  const text = formatKeyReview(key!)
  assert.match(text, /^gpg key fingerprint is: ([0-9A-F]{4} ){5} ([0-9A-F]{4} ){4}[0-9A-F]{4}\n {4}Subkey fingerprint: [0-9A-F ]+\n\tEvil/)
  assert.ok(!text.includes('\u001b'))
})


test('a signature that comes after the bytes counts as one that was there before', { skip }, async (t) => {
  for (const algorithm of ['ed25519', 'rsa3072', 'nistp384']) {
    const one = makeSigner(t, 'One <one@example.com>', algorithm)
    const keys = await readPublicKeys(one.publicKey, 'one.gpg')
    const check = startDeferredCheck()
    check.update(bytes.subarray(0, 5))
    check.update(bytes.subarray(5))
    const { signer } = await check.conclude({ bytes: one.sign(bytes), name: 'x.asc' }, keys)
    assert.equal(signer.fingerprint, one.fingerprint)
    await assert.rejects(check.conclude({ bytes: one.sign(Buffer.from('other')), name: 'x.asc' }, keys), hasCode('SIGNATURE_INVALID'))
  }
})

test('a signature of which bytes were changed is refused in our words, or is still the same signature', { skip }, async (t) => {
  const one = makeSigner(t, 'One <one@example.com>')
  const keys = await readPublicKeys(one.publicKey, 'one.gpg')
  const good = one.sign(bytes, { armor: false })
  const changes = fc.array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 })
  const signatures = fc.oneof(changes.map((list) => list.reduce((text, [at, value]) => (text[at] = value, text), Buffer.from(good))), fc.uint8Array({ maxLength: 200 }))
  await fc.assert(fc.asyncProperty(signatures, async (signature) => {
    try {
      const { signer } = await verifyDetached(bytes, { bytes: signature, name: 'x.sig' }, keys)
      assert.equal(signer.fingerprint, one.fingerprint)
    } catch (error) {
      assert.ok(isRocketError(error, 'SIGNATURE_INVALID') || isRocketError(error, 'SIGNATURE_UNREADABLE'), String((error as Error).stack))
    }
    await assert.rejects(verifyDetached(Buffer.from('other'), { bytes: signature, name: 'x.sig' }, keys), (error) => isRocketError(error))
  }), { numRuns: Number(process.env['ROCKET_FUZZ_RUNS'] ?? 300) })
})
