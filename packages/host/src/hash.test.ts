import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { test } from 'node:test'
import fc from 'fast-check'
import { createDigest, type DigestAlgorithm, digestFile, digestOf, sha256Hex, sha512Hex } from './hash.ts'
import { native } from './native.ts'
import { temporaryDirectory } from './testing/support.ts'

const reference = (algorithm: DigestAlgorithm, data: Uint8Array): string => createHash(algorithm).update(data).digest('hex')

for (const algorithm of ['sha256', 'sha512'] as const) {
  test(`${algorithm} of every length up to three blocks is what node:crypto says`, () => {
    const data = Buffer.from(Array.from({ length: 400 }, (_, index) => (index * 7 + 3) & 255))
    for (let length = 0; length <= data.length; length++) {
      assert.equal(digestOf(algorithm, data.subarray(0, length)), reference(algorithm, data.subarray(0, length)), `${length} bytes`)
    }
  })

  test(`${algorithm} does not depend on how the bytes are cut`, () => {
    fc.assert(fc.property(fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 12 }), (chunks) => {
      const digest = createDigest(algorithm)
      for (const chunk of chunks) digest.update(chunk)
      assert.equal(digest.hex(), reference(algorithm, Buffer.concat(chunks)))
    }))
  })

  test(`a running ${algorithm} can be asked in the middle`, () => {
    const digest = createDigest(algorithm).update('one')
    assert.equal(digest.hex(), reference(algorithm, Buffer.from('one')))
    assert.equal(digest.update('two').hex(), reference(algorithm, Buffer.from('onetwo')))
  })

  test(`${algorithm} of a file reads all of it`, () => {
    const path = `${temporaryDirectory()}/file`
    const data = Buffer.alloc(700_001, 'rocket')
    writeFileSync(path, data)
    assert.equal(digestFile(algorithm, path), reference(algorithm, data))
  })
}

test('SHA-256 without the SHA instructions is the same', () => {
  fc.assert(fc.property(fc.uint8Array({ minLength: 64, maxLength: 640 }), (bytes) => {
    const blocks = Buffer.from(bytes.subarray(0, bytes.length - (bytes.length % 64)))
    const fast = native().digestBegin(256)
    const portable = Buffer.from(fast.subarray(0, 32))
    native().digestUpdate(fast, blocks)
    native().sha256Portable(portable, blocks)
    assert.deepEqual(portable, fast.subarray(0, 32))
  }))
})

test('text is hashed as UTF-8', () => {
  assert.equal(sha256Hex('ä'), reference('sha256', Buffer.from('ä')))
  assert.equal(sha512Hex('ä'), reference('sha512', Buffer.from('ä')))
})

test('a state that is none is refused', () => {
  assert.throws(() => native().digestUpdate(Buffer.alloc(8), Buffer.alloc(1)), { code: 'EINVAL' })
})
