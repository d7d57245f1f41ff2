import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { linkSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import { createTarReader } from './tar-reader.ts'
import type { TarEntry } from './tar-entry.ts'
import { encodePaxHeader, encodeUstar, ownEntry } from './tar-writer.ts'
import { hasCode } from './testing/has-code.ts'
import { inPieces, makeEntry, makeTar } from './testing/make-tar.ts'

interface Read extends TarEntry {
  content: Buffer
}

async function readTar(bytes: Buffer, pieces = 1000): Promise<Read[]> {
  const entries: Read[] = []
  const reader = createTarReader({
    entry: (entry) => {
      const read: Read = { ...entry, content: Buffer.alloc(0) }
      entries.push(read)
      return (chunk) => {
        read.content = Buffer.concat([read.content, chunk])
      }
    },
  })
  for await (const piece of inPieces(bytes, pieces)) reader.write(piece)
  reader.end()
  return entries
}

const name = fc
  .uint8Array({ minLength: 1, maxLength: 200 })
  .map((bytes) => Buffer.from(bytes.map((byte) => (byte === 0 || byte === 0x2f ? 0x61 : byte))))

test('what is written is read again, byte for byte, however the bytes arrive', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(
        fc.record({
          name,
          content: fc.uint8Array({ maxLength: 1500 }).map((bytes) => Buffer.from(bytes)),
          mode: fc.integer({ min: 0, max: 0o7777 }),
          uid: fc.integer({ min: 0, max: 0xfffffffe }),
          gid: fc.integer({ min: 0, max: 0xfffffffe }),
          mtimeNs: fc.bigInt({ min: -(2n ** 60n), max: 2n ** 62n }),
          xattrs: fc.uniqueArray(fc.tuple(fc.constantFrom('user.a', 'user.b', 'security.capability'), name), { selector: ([key]) => key }),
        }),
        { maxLength: 5 },
      ),
      fc.integer({ min: 1, max: 3000 }),
      async (specs, pieces) => {
        const read = await readTar(makeTar(specs.map((spec) => ({ ...spec, type: 'file' as const }))), pieces)
        assert.deepEqual(
          read.map(({ type: _type, size: _size, linkname: _link, deviceMajor: _major, deviceMinor: _minor, ...rest }) => rest),
          specs.map((spec) => ({ ...spec, xattrs: spec.xattrs.toSorted(([a], [b]) => (a < b ? -1 : 1)) })),
        )
      },
    ),
    { numRuns: Number(process.env['ROCKET_FUZZ_RUNS'] ?? 60) },
  )
})

test('reads what GNU tar writes in each of its formats', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'rocket-tar-'))
  t.after(() => rmSync(directory, { recursive: true }))
  const long = `${'d'.repeat(90)}/${'e'.repeat(90)}`
  mkdirSync(join(directory, 'in', long), { recursive: true })
  writeFileSync(join(directory, 'in', long, 'f'.repeat(120)), 'deep')
  writeFileSync(Buffer.concat([Buffer.from(`${directory}/in/`), Buffer.from([0xe9, 0x74, 0xe9])]), 'latin-1')
  writeFileSync(join(directory, 'in/a'), 'x'.repeat(700))
  linkSync(join(directory, 'in/a'), join(directory, 'in/b'))
  symlinkSync(`../${'t'.repeat(150)}`, join(directory, 'in/s'))
  utimesSync(join(directory, 'in/a'), 1, 1234567890)
  for (const format of ['gnu', 'pax', 'oldgnu']) {
    const bytes = execFileSync('tar', ['-c', `--format=${format}`, '--sort=name', '--numeric-owner', '-C', directory, 'in'])
    const entries = await readTar(bytes)
    const find = (text: string): Read | undefined => entries.find((entry) => entry.name.toString('latin1') === text)
    assert.equal(find(`in/${long}/${'f'.repeat(120)}`)?.content.toString(), 'deep', format)
    assert.equal(find('in/\xe9t\xe9')?.content.toString(), 'latin-1', format)
    assert.equal(find('in/a')?.mtimeNs, 1_234_567_890_000_000_000n, format)
    assert.equal(find('in/b')?.type, 'hardlink', format)
    assert.equal(find('in/b')?.linkname.toString(), 'in/a', format)
    assert.equal(find('in/s')?.linkname.toString(), `../${'t'.repeat(150)}`, format)
    assert.equal(find('in/')?.type, 'directory', format)
  }
})

test('reads numbers in base 256, as GNU tar writes large ones', async () => {
  const header = encodeUstar(ownEntry('big', 0), '0')
  header.set([0x80, 0, 0, 0, 0xee, 0x6b, 0x28, 0x00], 108)
  const [entry] = await readTar(makeTar([withChecksum(header)]))
  assert.equal(entry?.uid, 4_000_000_000)
})

for (const [bytes, seconds] of [[[0x80, ...Array<number>(10).fill(0), 9], 9n], [Array<number>(12).fill(0xff), -1n]] as const) {
  test(`a time of ${seconds} s in base 256 is read, in two's complement`, async () => {
    const header = makeEntry({ name: 'a' })
    header.set(bytes, 136)
    const [entry] = await readTar(makeTar([withChecksum(header)]))
    assert.equal(entry?.mtimeNs, seconds * 1_000_000_000n)
  })
}

test("GNU's long names hold for one entry, and pax has the last word in either order", async () => {
  const gnu = Buffer.from(encodePaxHeader([['comment', Buffer.from('x'.repeat(20))]]))
  gnu.write('L', 156)
  gnu.fill(0, 512).write('long name\0', 512)
  withSize(gnu, 10)
  const pax = encodePaxHeader([['path', Buffer.from('pax name')]])
  const names = (await readTar(makeTar([gnu, { name: 'a' }, { name: 'b' }, gnu, pax, { name: 'c' }, pax, gnu, { name: 'd' }]))).map(({ name }) => name.toString())
  assert.deepEqual(names, ['long name', 'b', 'pax name', 'pax name'])
})

test('an archive of long ago, without a magic, is read', async () => {
  const entry = makeEntry({ name: 'etc/', mode: 0o755 })
  entry.fill(0, 257, 512)
  entry.write('\0', 156)
  const [read] = await readTar(makeTar([withChecksum(entry)]))
  assert.deepEqual([read?.type, read?.name.toString(), read?.mode], ['directory', 'etc/', 0o755])
})

test("ustar's prefix comes before the name", async () => {
  const entry = makeEntry({ name: 'name' })
  entry.write('some/where', 345)
  assert.equal((await readTar(makeTar([withChecksum(entry)])))[0]?.name.toString(), 'some/where/name')
})

test('a global header changes nothing', async () => {
  const global = encodePaxHeader([
    ['path', Buffer.from('everything')],
    ['uid', Buffer.from('7')],
  ])
  global.write('g', 156)
  withChecksum(global)
  const [entry] = await readTar(makeTar([global, { name: 'a', uid: 3 }]))
  assert.equal(entry?.name.toString(), 'a')
  assert.equal(entry?.uid, 3)
})

test('thousands of empty entries in a row do not exhaust the stack', async () => {
  const entries = await readTar(makeTar(Array.from({ length: 20_000 }, (_, index) => ({ name: `d${index}/` }))), 1 << 20)
  assert.equal(entries.length, 20_000)
})

test('refuses a sparse file by name, in either form', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'rocket-sparse-'))
  t.after(() => rmSync(directory, { recursive: true }))
  writeFileSync(join(directory, 'holes'), 'x')
  truncateSync(join(directory, 'holes'), 50_000_000)
  for (const format of ['gnu', 'pax']) {
    const bytes = execFileSync('tar', ['-cS', `--format=${format}`, '-C', directory, 'holes'])
    await assert.rejects(readTar(bytes), hasCode('ENTRY_TYPE_UNSUPPORTED', /holes/), format)
  }
})

const long = makeTar([{ name: 'a', content: Buffer.alloc(5000, 1) }])
for (const [why, bytes] of [
  ['ends inside the content', long.subarray(0, 3000)],
  ['ends inside a header', long.subarray(0, 200)],
  ['has a wrong checksum', Buffer.concat([Buffer.from('b'), long.subarray(1)])],
  ['has entries after its end', Buffer.concat([makeTar([{ name: 'a' }]), makeTar([{ name: 'b' }])])],
  ['has a link with content', makeTar([withChecksum(withType(makeEntry({ name: 'a', content: 'x' }), '2'))])],
  ['has an owner that wraps around to root', makeTar([encodePaxHeader([['uid', Buffer.from('4294967296')]]), { name: 'a' }])],
  ['has a pax record that is longer than its header', makeTar([brokenPax('99 path=x\n'), { name: 'a' }])],
  ['has a pax record without an end', makeTar([brokenPax('10 path=xyz'), { name: 'a' }])],
  ['has a size that is no number', makeTar([withText(124, '12x4')])],
  ['has a negative owner', makeTar([withText(108, '\xff\xff\xff\xff\xff\xff\xff\xff')])],
  ['has a time that no clock has', makeTar([encodePaxHeader([['mtime', Buffer.from('999999999999')]]), { name: 'a' }])],
  ['has a pax size that is no number', makeTar([encodePaxHeader([['size', Buffer.from('-1')]]), { name: 'a' }])],
  ['has an endless pax header', withSize(encodePaxHeader([['path', Buffer.from('x')]]), 2 ** 32)],
] as const)
  test(`refuses an archive that ${why}`, async () => {
    await assert.rejects(readTar(Buffer.from(bytes)), hasCode('LAYER_CORRUPT'))
  })

test('what the sink throws comes out of the reader, once', async () => {
  const reader = createTarReader({
    entry: () => {
      throw new Error('no more')
    },
  })
  await assert.rejects(
    (async () => {
      reader.write(makeTar([{ name: 'a' }, { name: 'b' }]))
      reader.end()
    })(),
    /no more/,
  )
})

function withChecksum(header: Buffer): Buffer {
  header.write('        ', 148, 'latin1')
  const sum = header.subarray(0, 512).reduce((total, byte) => total + byte, 0)
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1')
  return header
}

function withText(offset: number, text: string): Buffer {
  const entry = makeEntry({ name: 'a' })
  entry.write(text, offset, 'latin1')
  return withChecksum(entry)
}

function withType(entry: Buffer, flag: string): Buffer {
  entry.write(flag, 156)
  return entry
}

function withSize(entry: Buffer, size: number): Buffer {
  entry.write(size.toString(8).padStart(11, '0'), 124)
  return withChecksum(entry)
}

function brokenPax(text: string): Buffer {
  const header = encodePaxHeader([['comment', Buffer.from('x'.repeat(text.length - 13 > 0 ? text.length - 13 : 1))]])
  header.fill(0, 512)
  header.write(text, 512)
  return withSize(header, text.length)
}
