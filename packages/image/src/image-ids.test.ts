import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isRocketError } from '@rocket/contracts'
import { isDigest, parseDigest } from './digest.ts'
import { findImageId, imageIdFromSha512, looksLikeImageId, parseImageIdPrefix, shortImageId } from './image-ids.ts'

const hex = '0123456789abcdef'.repeat(8)
const key = `sha512-${hex.slice(0, 64)}`

test('a store key is the first 64 digits of the digest', () => {
  assert.equal(imageIdFromSha512(hex), key)
  assert.equal(shortImageId(key).length, 39)
})

for (const [text, want] of [
  [`sha512-${hex}`, key],
  [key, key],
  ['sha512-01', 'sha512-01'],
  ['sha512-ABC', 'sha512-abc'],
] as const)
  test(`reads ${text.slice(0, 20)} as the beginning of a key`, () => assert.equal(parseImageIdPrefix(text), want))

for (const [text, message] of [
  ['sha256-01', /wrong key prefix/],
  ['sha512-', /image ID too short/],
  ['sha512-0', /image ID too short/],
  ['sha512-xy', /hex number/],
] as const)
  test(`refuses ${text} as an image ID`, () => {
    assert.throws(
      () => parseImageIdPrefix(text),
      (error) => isRocketError(error, 'IMAGE_ID_INVALID') && message.test(error.message),
    )
  })

test('finds the one key that begins so, and says when there is none or several', () => {
  const other = `sha512-${'01f'.padEnd(64, '0')}`
  assert.equal(findImageId('sha512-0123', [key, other]), key)
  assert.throws(() => findImageId('sha512-01', [key, other]), /ambiguous image ID: "sha512-01"/)
  assert.throws(() => findImageId('sha512-ff', [key, other]), /no image IDs found/)
  assert.equal(looksLikeImageId('example.com/sha512-ab'), false)
})

for (const [text, why] of [
  ['sha256:../../../../x', 'climbs out of the blobs'],
  ['sha256:abcd', 'is short'],
  [`sha256:${'A'.repeat(64)}`, 'is upper case'],
  [`md5:${'a'.repeat(32)}`, 'has an unknown algorithm'],
  [`sha256:${'a'.repeat(10_000_000)}`, 'is ten megabytes long'],
  [`sha256:${'a'.repeat(64)}\n`, 'ends in a newline'],
  [`sha512:${'a'.repeat(64)}`, 'has the length of another algorithm'],
] as const)
  test(`F1: refuses a digest that ${why}`, () => {
    assert.throws(
      () => parseDigest(text),
      (error) => isRocketError(error, 'DIGEST_INVALID'),
    )
    assert.equal(isDigest(text), false)
  })
