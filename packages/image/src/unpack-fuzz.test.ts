import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { test } from 'node:test'
import fc from 'fast-check'
import { isRocketError } from '@rocket/contracts'
import { encodePaxHeader, tarEnd } from './tar-writer.ts'
import { makeStage } from './testing/canary.ts'
import { inPieces, makeEntry } from './testing/make-tar.ts'
import { unpackLayer } from './unpack-layer.ts'

const bytes = fc.uint8Array({ maxLength: 120 }).map((list) => Buffer.from(list))
const part = fc.constantFrom('..', '.', '', 'a', 'b', 'canary', '.wh.a', '.wh.canary', '.wh...', '.wh..wh..opq', '.wh.', 'a\0b', '\xff', 'n'.repeat(300))
const path = fc.tuple(fc.constantFrom('', '/', '../', '../canary/', '../../../../tmp/'), fc.array(part, { maxLength: 5 })).map(([start, parts]) => start + parts.join('/'))
const name = fc.oneof({ weight: 4, arbitrary: path.map((text) => Buffer.from(text, 'latin1')) }, { weight: 1, arbitrary: bytes })

/** Ordinary entries that together do harm: links, and what is written through them. */
const entry = fc.record({
  name, linkname: name, type: fc.constantFrom('file', 'file', 'directory', 'symlink', 'hardlink', 'fifo', 'char', 'block'), mode: fc.nat(0o7777), content: bytes,
  xattrs: fc.uniqueArray(fc.tuple(fc.constantFrom('user.a', 'trusted.overlay.opaque', 'security.capability', 'x'), bytes), { maxLength: 2, selector: ([key]) => key }),
} as const, { requiredKeys: ['name', 'type'] }).map((spec) => makeEntry({ ...spec, content: spec.type === 'file' ? (spec.content ?? '') : '' }))
/** A header of bytes that nobody wrote on purpose. */
const noise = fc.uint8Array({ minLength: 512, maxLength: 512 }).map((list) => Buffer.from(list))
const records = fc.array(fc.tuple(
  fc.oneof(fc.constantFrom('path', 'linkpath', 'size', 'uid', 'gid', 'mtime', 'hdrcharset', 'GNU.sparse.name', 'GNU.sparse.major', 'SCHILY.xattr.user.a', 'SCHILY.xattr.trusted.overlay.redirect'), fc.string({ minLength: 1, maxLength: 12 })),
  fc.oneof(name, fc.constantFrom('-1', '0', '512', '9007199254740993', '1e9', '4294967296').map((text) => Buffer.from(text))),
), { minLength: 1, maxLength: 4 })
/** An extended header of pax, for what follows or for all; its first digits may lie. */
const pax = fc.tuple(records, fc.constantFrom('x', 'x', 'g', 'L', 'K'), fc.option(fc.nat(9))).map(([list, flag, digit]) => {
  const header = encodePaxHeader(list)
  header.write(flag, 156, 'latin1')
  if (digit !== null) header.write(String(digit), 512, 'latin1')
  return header
})
const change = fc.tuple(fc.nat(511), fc.nat(255))

/** A block with these bytes changed and, mostly, the checksum that then belongs to it: else nothing behind the checksum would be met. */
function changed(block: Buffer, changes: readonly (readonly [number, number])[], mended: boolean): Buffer {
  const result = Buffer.from(block)
  for (const [at, value] of changes) result[at] = value
  if (!mended) return result
  result.fill(0x20, 148, 156)
  const sum = result.subarray(0, 512).reduce((total, byte) => total + byte, 0)
  result.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1')
  return result
}

const piece = fc.tuple(
  fc.oneof({ weight: 6, arbitrary: entry }, { weight: 2, arbitrary: pax }, { weight: 1, arbitrary: noise }),
  fc.oneof({ weight: 3, arbitrary: fc.constant([]) }, { weight: 1, arbitrary: fc.array(change, { maxLength: 4 }) }),
  fc.integer({ min: 0, max: 19 }).map((number) => number > 0),
).map(([block, changes, mended]) => changed(block, changes, mended))

test('whatever the headers of an archive say, it is unpacked or refused with a code, and nothing outside its tree is touched', async () => {
  const archives = fc.tuple(fc.array(piece, { minLength: 1, maxLength: 8 }), fc.boolean()).map(([pieces, ended]) => Buffer.concat(ended ? [...pieces, tarEnd] : pieces))
  await fc.assert(fc.asyncProperty(archives, fc.constantFrom('overlay' as const, 'apply' as const, 'none' as const), async (archive, whiteouts) => {
    const stage = makeStage()
    try {
      await unpackLayer(inPieces(archive, 700), stage.target, { whiteouts })
    } catch (error) {
      assert.ok(isRocketError(error), String((error as Error).stack))
      assert.equal(existsSync(stage.target), false, 'a refused archive leaves no tree')
    } finally {
      stage.assertUntouched()
      stage.remove()
    }
  }), { numRuns: Number(process.env['ROCKET_FUZZ_RUNS'] ?? 200) })
})
