import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { constants, gzipSync, zstdCompressSync } from 'node:zlib'
import { type ExpansionLimits, openArchive } from './decompress.ts'
import { hasCode } from './testing/has-code.ts'
import { inPieces, makeTar } from './testing/make-tar.ts'

const tar = makeTar([
  { name: 'a', content: randomBytes(300_000) },
  { name: 'b', content: 'x'.repeat(100_000) },
])

async function expand(bytes: Buffer, limits?: ExpansionLimits): Promise<{ compression: string; bytes: Buffer }> {
  const archive = await openArchive(inPieces(bytes, 70_000), { limits })
  const chunks: Buffer[] = []
  for await (const chunk of archive.chunks) chunks.push(Buffer.from(chunk))
  return { compression: archive.compression, bytes: Buffer.concat(chunks) }
}

const forms: Record<string, Buffer> = {
  none: tar,
  gzip: gzipSync(tar),
  zstd: zstdCompressSync(tar, { params: { [constants.ZSTD_c_checksumFlag]: 1 } }),
  bzip2: execFileSync('bzip2', ['-c'], { input: tar, maxBuffer: 1 << 26 }),
  xz: execFileSync('xz', ['-c'], { input: tar, maxBuffer: 1 << 26 }),
}

for (const [compression, bytes] of Object.entries(forms)) {
  test(`${compression}: the tar comes out as it went in`, async () => {
    const result = await expand(bytes)
    assert.equal(result.compression, compression)
    assert.ok(result.bytes.equals(tar))
  })
  if (compression === 'none') continue
  test(`${compression}: a truncated archive is refused`, async () => {
    await assert.rejects(expand(bytes.subarray(0, bytes.length - 40)), hasCode('LAYER_CORRUPT'))
    await assert.rejects(expand(bytes.subarray(0, 20)), hasCode('LAYER_CORRUPT'))
  })
  test(`${compression}: an archive with a changed byte is refused`, async () => {
    const damaged = Buffer.from(bytes)
    damaged[200_000]! ^= 0xff
    await assert.rejects(expand(damaged), hasCode('LAYER_CORRUPT'))
  })
}

test('several gzip members, and zstd frames after a skippable one, are one archive', async () => {
  const half = tar.length >> 1
  assert.ok((await expand(Buffer.concat([gzipSync(tar.subarray(0, half)), gzipSync(tar.subarray(half))]))).bytes.equals(tar))
  const skippable = Buffer.from('502a4d1804000000aabbccdd', 'hex')
  assert.ok((await expand(Buffer.concat([skippable, zstdCompressSync(tar)]))).bytes.equals(tar))
})

for (const [what, bytes] of [
  ['nothing', Buffer.alloc(0)],
  ['a page of text', Buffer.from('<html>404</html>'.repeat(100))],
  ['random bytes', randomBytes(2000)],
  ['half a tar header', tar.subarray(0, 300)],
] as const)
  test(`${what} is not an image`, async () => {
    await assert.rejects(expand(Buffer.from(bytes)), hasCode('LAYER_CORRUPT', /unknown image filetype/))
  })

const zeros = Buffer.alloc(64 << 20)
const limits = { maxUnpackedBytes: 2 ** 40, maxRatio: 250, ratioFromBytes: 8 << 20 }
for (const [compression, bomb] of [
  ['gzip', gzipSync(zeros)],
  ['zstd', zstdCompressSync(zeros)],
  ['bzip2', execFileSync('bzip2', ['-c'], { input: zeros })],
  ['xz', execFileSync('xz', ['-0', '-c'], { input: zeros })],
] as const)
  test(`a ${compression} bomb is stopped soon after it is recognised, by ratio and by size`, async () => {
    for (const bound of [limits, { ...limits, maxRatio: 1e9, maxUnpackedBytes: 8 << 20 }]) {
      const { chunks } = await openArchive(inPieces(Buffer.from(bomb)), { limits: bound })
      let out = 0
      await assert.rejects(
        (async () => {
          for await (const chunk of chunks) out += chunk.length
        })(),
        hasCode('LAYER_TOO_LARGE'),
      )
      assert.ok(out <= 40 << 20, `${out} bytes came out`)
    }
  })

test('a zstd frame that asks for more memory than its default is refused', async () => {
  const bytes = zstdCompressSync(Buffer.alloc(1 << 20), {
    params: { [constants.ZSTD_c_windowLog]: 30, [constants.ZSTD_c_enableLongDistanceMatching]: 1 },
  })
  const header = Buffer.from(bytes)
  // The window descriptor: a frame without content size says what it needs.
  await assert.rejects(expand(Buffer.concat([Buffer.from('28b52ffd00a8', 'hex'), header.subarray(6)])), hasCode('LAYER_CORRUPT'))
})
