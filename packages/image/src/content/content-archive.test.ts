import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import fc from 'fast-check'
import { hasCode } from '../testing/has-code.ts'
import { type EntrySpec, makeTar } from '../testing/make-tar.ts'
import { openContentArchive } from './content-archive.ts'
import type { ContentFiles } from './content-files.ts'

function place(t: Pick<TestContext, 'after'>): string {
  const directory = mkdtempSync(join(tmpdir(), 'rocket-archive-'))
  t.after(() => rmSync(directory, { recursive: true }))
  return directory
}

async function open(t: Pick<TestContext, 'after'>, bytes: Buffer): Promise<ContentFiles> {
  const directory = place(t)
  writeFileSync(join(directory, 'a.tar'), bytes)
  const files = await openContentArchive(join(directory, 'a.tar'), directory)
  t.after(() => files.close())
  return files
}

const textOf = (files: ContentFiles, name: string): string | undefined => files.read(name, 1000)?.toString()

test('finds files by their names, however the names are written, and through links', async (t) => {
  const long = `${'d'.repeat(120)}/${'e'.repeat(120)}`
  const files = await open(t, makeTar([
    { name: './' }, { name: './a', content: 'one' }, { name: 'd/' }, { name: 'd/b', content: 'two' }, { name: long, content: 'three' },
    { name: 'd/up', linkname: '../a' }, { name: 'hard', type: 'hardlink', linkname: 'd/b' }, { name: 'twice', linkname: 'd/up' },
    { name: 'round', linkname: 'about' }, { name: 'about', linkname: 'round' }, { name: 'nowhere', linkname: 'none' }, { name: 'empty' },
  ]))
  assert.deepEqual(['a', 'd/b', long, 'd/up', 'hard', 'twice', 'empty'].map((name) => textOf(files, name)), ['one', 'two', 'three', 'one', 'two', 'one', ''])
  assert.deepEqual(['round', 'about', 'nowhere', 'd', 'none'].map((name) => files.sizeOf(name)), Array(5).fill(undefined))
  const pieces: Buffer[] = []
  for await (const chunk of files.open('d/b')) pieces.push(chunk)
  assert.equal(Buffer.concat(pieces).toString(), 'two')
  assert.throws(() => files.read('a', 2), hasCode('IMAGE_ARCHIVE_INVALID', /at most 2/))
})

for (const format of ['ustar', 'gnu', 'pax', 'v7']) test(`reads what GNU tar writes as ${format}`, async (t) => {
  const directory = place(t)
  mkdirSync(join(directory, 'in', 'deep'), { recursive: true })
  const longName = format === 'v7' ? 'short' : 'n'.repeat(94)
  writeFileSync(join(directory, 'in/deep', longName), 'content')
  symlinkSync(`deep/${longName}`, join(directory, 'in/link'))
  execFileSync('tar', [`--format=${format}`, '-C', join(directory, 'in'), '-cf', join(directory, 'a.tar'), '.'])
  const files = await openContentArchive(join(directory, 'a.tar'), directory)
  t.after(() => files.close())
  assert.deepEqual([textOf(files, `deep/${longName}`), textOf(files, 'link')], ['content', 'content'])
})

for (const [name, compress] of [['gzip', gzipSync], ['zstd', zstdCompressSync]] as const) {
  test(`expands an archive of ${name} into a file without a name`, async (t) => {
    const directory = place(t)
    writeFileSync(join(directory, 'a.tar.z'), compress(makeTar([{ name: 'a', content: 'one' }])))
    const files = await openContentArchive(join(directory, 'a.tar.z'), directory)
    assert.equal(textOf(files, 'a'), 'one')
    assert.deepEqual(readdirSync(directory), ['a.tar.z'])
    files.close()
  })
}

const good = makeTar([{ name: 'a', content: 'x'.repeat(2000) }])
const sparse = makeTar([{ name: 'a', content: 'x' }])
sparse[156] = 0x53
sparse.write('        ', 148, 'latin1')
sparse.write(`${[...sparse.subarray(0, 512)].reduce((sum, byte) => sum + byte, 0).toString(8).padStart(6, '0')}\0 `, 148, 'latin1')
for (const [what, bytes, code, text] of [
  ['a name twice', makeTar([{ name: 'a', content: '1' }, { name: './a', content: '2' }]), 'IMAGE_ARCHIVE_INVALID', /twice/],
  ['a file and a link of one name', makeTar([{ name: 'a', content: '1' }, { name: 'b' }, { name: 'a', linkname: 'b' }]), 'IMAGE_ARCHIVE_INVALID', /twice/],
  ['a name that climbs out', makeTar([{ name: '../../evil', content: '1' }]), 'ENTRY_ESCAPES_ROOTFS', /climbs/],
  ['a link that climbs out', makeTar([{ name: 'a', linkname: '../../etc/passwd' }]), 'ENTRY_ESCAPES_ROOTFS', /climbs/],
  ['content that is cut short', good.subarray(0, 1000), 'IMAGE_ARCHIVE_INVALID', /cut short/],
  ['a header that is cut short', Buffer.concat([good.subarray(0, 2560), good.subarray(0, 100)]), 'LAYER_CORRUPT', /damaged/],
  ['entries behind the end', Buffer.concat([good, good]), 'IMAGE_ARCHIVE_INVALID', /follow its end/],
  ['a header that was changed', Buffer.concat([Buffer.from('b'), good.subarray(1)]), 'LAYER_CORRUPT', /filetype/],
  ['a sparse file', sparse, 'ENTRY_TYPE_UNSUPPORTED', /neither/],
  ['a device', makeTar([{ name: 'null', type: 'char' }]), 'ENTRY_TYPE_UNSUPPORTED', /neither/],
  ['nothing in it', Buffer.alloc(0), 'LAYER_CORRUPT', /empty/],
  ['no archive', Buffer.from('<html>'.repeat(200)), 'LAYER_CORRUPT', /filetype/],
  ['gzip that is cut short', gzipSync(good).subarray(0, 30), 'LAYER_CORRUPT', /./],
] as const) test(`refuses an archive with ${what}`, async (t) => {
  const directory = place(t)
  writeFileSync(join(directory, 'a.tar'), bytes)
  await assert.rejects(openContentArchive(join(directory, 'a.tar'), directory), hasCode(code, text))
  assert.deepEqual(readdirSync(directory), ['a.tar'])
})

test('refuses a pipe at once, and says what is not there', async (t) => {
  const directory = place(t)
  execFileSync('mkfifo', [join(directory, 'pipe')])
  await assert.rejects(openContentArchive(join(directory, 'pipe'), directory), hasCode('IMAGE_ARCHIVE_INVALID', /regular/))
  await assert.rejects(openContentArchive(join(directory, 'none'), directory), hasCode('SYSCALL_FAILED', /none/))
})

test('whatever bytes are changed, an archive is read or refused with a code, and no content is found outside it', async (t) => {
  const specs: EntrySpec[] = [{ name: 'a', content: 'one' }, { name: 'd/b', content: 'x'.repeat(700) }, { name: 'l', linkname: 'd/b' }, { name: 'n'.repeat(200), content: 'y' }]
  const tar = makeTar(specs)
  const directory = place(t)
  const path = join(directory, 'a.tar')
  await fc.assert(fc.asyncProperty(fc.array(fc.tuple(fc.nat(tar.length - 1), fc.nat(255)), { maxLength: 8 }), fc.nat(tar.length), async (changes, cut) => {
    const bytes = Buffer.from(tar)
    for (const [at, byte] of changes) bytes[at] = byte
    writeFileSync(path, cut % 3 === 0 ? bytes.subarray(0, cut) : bytes)
    let files: ContentFiles
    try {
      files = await openContentArchive(path, directory)
    } catch (error) {
      assert.ok(typeof (error as { code?: unknown }).code === 'string', String(error))
      return
    }
    for (const name of ['a', 'd/b', 'l']) assert.ok((files.sizeOf(name) ?? 0) <= bytes.length)
    files.close()
  }), { numRuns: Number(process.env['ROCKET_FUZZ_RUNS'] ?? 300) })
})
