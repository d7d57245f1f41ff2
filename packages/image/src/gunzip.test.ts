import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { gunzip } from './gunzip.ts'
import { inPieces } from './testing/make-tar.ts'

async function expand(bytes: Buffer, piece = 1000, checks = true): Promise<Buffer> {
  const pieces: Buffer[] = []
  for await (const found of gunzip(inPieces(bytes, piece), checks)) pieces.push(Buffer.from(found))
  return Buffer.concat(pieces)
}

test('what was packed comes out, of one member or several, however the bytes arrive', async () => {
  const content = fc.oneof(fc.uint8Array({ maxLength: 3000 }), fc.nat(700_000).map((length) => new Uint8Array(length).fill(7)))
  await fc.assert(fc.asyncProperty(fc.array(content, { minLength: 1, maxLength: 4 }), fc.integer({ min: 1, max: 5000 }), async (members, piece) => {
    assert.ok((await expand(Buffer.concat(members.map((member) => gzipSync(member))), piece)).equals(Buffer.concat(members)))
  }), { numRuns: 60 })
})

const content = randomBytes(600_000)
const packed = gzipSync(content)

test('pieces of the input may be written over once the next is asked for', async () => {
  const piece = Buffer.alloc(10_000)
  const reused = async function* (): AsyncGenerator<Buffer> {
    for (let at = 0; at < packed.length; at += piece.length) yield piece.subarray(0, packed.copy(piece, 0, at))
  }
  const found: Buffer[] = []
  for await (const one of gunzip(reused(), true)) found.push(Buffer.from(one))
  assert.ok(Buffer.concat(found).equals(content))
})

test('zeros after the end are padding, and what follows them is not looked at', async () => {
  assert.ok((await expand(Buffer.concat([packed, Buffer.alloc(3000), packed]))).equals(content))
})

test('anything else after the end is damage', async () => {
  await assert.rejects(expand(Buffer.concat([packed, Buffer.from('more')])), /incorrect header check/)
})

test('damage, a wrong checksum and a missing end are told in words', async () => {
  const damaged = Buffer.from(packed)
  damaged.fill(0, 300_000, 300_200)
  await assert.rejects(expand(damaged), /invalid|incorrect/)
  const wrongSum = Buffer.from(packed)
  wrongSum[packed.length - 8]! ^= 1
  await assert.rejects(expand(wrongSum), /incorrect data check/)
  assert.ok((await expand(wrongSum, 1000, false)).equals(content), 'unless a digest vouches for the bytes')
  for (const length of [1, 9, 300_000, packed.length - 1]) await assert.rejects(expand(packed.subarray(0, length)), /unexpected end/)
})

test('one who stops in the middle, or does not ask for a while, hears nothing of damage further on', async () => {
  const damaged = Buffer.concat([packed.subarray(0, 400_000), randomBytes(1000)])
  for await (const _piece of gunzip(inPieces(damaged, damaged.length), true)) {
    await new Promise((resolve) => setTimeout(resolve, 20))
    break
  }
})
