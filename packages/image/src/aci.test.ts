import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { inspectAci, unpackAci } from './aci.ts'
import { makeStage } from './testing/canary.ts'
import { hasCode } from './testing/has-code.ts'
import { type EntrySpec, inPieces, makeTar } from './testing/make-tar.ts'

const manifest = JSON.stringify({
  acKind: 'ImageManifest',
  acVersion: '0.8.11',
  name: 'example.com/hello',
  app: { exec: ['/hello'], user: '0', group: '0' },
})
const rootfs: EntrySpec[] = [
  { name: 'rootfs/', mode: 0o711 },
  { name: 'rootfs/hello', content: 'hi', mode: 0o755 },
  { name: 'rootfs/again', type: 'hardlink', linkname: 'rootfs/hello' },
  { name: 'rootfs/.wh.x', content: 'kept' },
]
const sha512 = (bytes: Buffer): string => createHash('sha512').update(bytes).digest('hex')

for (const [what, compress] of [
  ['plain', (bytes: Buffer) => bytes],
  ['gzip', (bytes: Buffer) => gzipSync(bytes)],
  ['zstd', (bytes: Buffer) => zstdCompressSync(bytes)],
  ['bzip2', (bytes: Buffer) => execFileSync('bzip2', ['-c'], { input: bytes })],
  ['xz', (bytes: Buffer) => execFileSync('xz', ['-c'], { input: bytes })],
] as const) {
  for (const order of ['before', 'after'] as const)
    test(`a ${what} ACI with its manifest ${order} the rootfs is read in one pass`, async (t) => {
      const stage = makeStage()
      t.after(() => stage.remove())
      const entry = { name: order === 'before' ? './manifest' : 'manifest', content: manifest }
      const tar = makeTar(order === 'before' ? [{ name: './' }, entry, ...rootfs] : [...rootfs, entry])
      const aci = await unpackAci(inPieces(compress(tar)), stage.target)
      assert.equal(aci.imageId, `sha512-${sha512(tar).slice(0, 64)}`)
      assert.equal(aci.manifest.name, 'example.com/hello')
      assert.equal((await inspectAci(inPieces(compress(tar)))).imageId, aci.imageId)
      assert.equal(aci.manifestJson, manifest)
      assert.equal(readFileSync(join(stage.target, 'again'), 'utf8'), 'hi')
      assert.equal(statSync(join(stage.target, 'hello')).nlink, 2)
      assert.equal(statSync(stage.target).mode & 0o777, 0o711)
      assert.equal(existsSync(join(stage.target, '.wh.x')), true)
      assert.equal(existsSync(join(stage.target, 'manifest')), false)
    })
}

const m: EntrySpec = { name: 'manifest', content: manifest }
for (const [message, specs] of [
  [/no image manifest found in layout/, rootfs],
  [/no rootfs found in layout/, [m]],
  [/rootfs is not a directory/, [m, { name: 'rootfs', content: 'x' }]],
  [/rootfs is not a directory/, [m, { name: 'rootfs', linkname: '/canary' }]],
  [/duplicate file entry in archive: manifest/, [m, ...rootfs, { ...m, name: './manifest' }]],
  [/duplicate file entry in archive: rootfs\/hello/, [m, ...rootfs, { name: './rootfs//hello', content: 'other' }]],
  [/unrecognized file path in layout: "rootfsX"/, [m, ...rootfs, { name: 'rootfsX', content: 'x' }]],
  [/unrecognized file path in layout: "etc\/passwd"/, [m, ...rootfs, { name: 'rootfs/../etc/passwd', content: 'x' }]],
  [/not a regular file/, [{ name: 'manifest', linkname: '/etc/passwd' }, ...rootfs]],
  [/at most 4194304 are accepted/, [{ name: 'manifest', content: Buffer.alloc(5 << 20, 0x20) }, ...rootfs]],
] as const)
  test(`refuses an archive with the message ${message.source}`, async (t) => {
    const stage = makeStage()
    t.after(() => stage.remove())
    await assert.rejects(unpackAci(inPieces(makeTar(specs as EntrySpec[]), 100_000), stage.target), hasCode('ACI_LAYOUT_INVALID', message))
    assert.equal(existsSync(stage.target), false)
    stage.assertUntouched()
  })

test('an invalid manifest leaves no tree, nor does a hard link to the manifest', async (t) => {
  const stage = makeStage()
  t.after(() => stage.remove())
  await assert.rejects(
    unpackAci(inPieces(makeTar([{ name: 'manifest', content: '{}' }, ...rootfs])), stage.target),
    hasCode('IMAGE_MANIFEST_INVALID'),
  )
  await assert.rejects(
    unpackAci(inPieces(makeTar([m, ...rootfs, { name: 'rootfs/m', type: 'hardlink', linkname: 'manifest' }])), stage.target),
    hasCode('HARDLINK_TARGET_MISSING'),
  )
  assert.equal(existsSync(stage.target), false)
})
