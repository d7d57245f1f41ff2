import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { extract, pack, type Header } from 'tar-stream'
import { createTarReader } from './tar-reader.ts'
import type { TarEntry } from './tar-entry.ts'
import { encodeTarHeader, tarEnd, tarPadding } from './tar-writer.ts'

/** What two readers of an archive must agree on. Names are text here: bytes that are not UTF-8 are what tar-stream cannot give back. */
interface Seen {
  name: string
  type: string
  linkname: string
  mode: number
  uid: number
  gid: number
  seconds: number
  content: string
}

const segment = fc.stringMatching(/^[a-zA-Z0-9_ü€+-]{1,60}$/)
const path = fc.array(segment, { minLength: 1, maxLength: 6 }).map((parts) => parts.join('/'))
// tar-stream takes mode 0 for none, and has six digits for an owner, and 31 bits for a time.
const common = {
  name: path, mode: fc.integer({ min: 1, max: 0o7777 }), uid: fc.nat(0o777777), gid: fc.nat(0o777777), seconds: fc.nat(0x7fffffff),
}
const entry: fc.Arbitrary<Seen> = fc.oneof(
  fc.record({ ...common, type: fc.constant('file'), linkname: fc.constant(''), content: fc.string({ maxLength: 3000 }) }),
  fc.record({ ...common, type: fc.constant('directory'), linkname: fc.constant(''), content: fc.constant('') }),
  fc.record({ ...common, type: fc.constantFrom('symlink', 'hardlink'), linkname: path, content: fc.constant('') }),
)
const archive = fc.array(entry, { maxLength: 12 }).map((entries) => entries.map((one) => ({ ...one })))

test('what tar-stream has packed is read as it was', async () => {
  await fc.assert(fc.asyncProperty(archive, fc.integer({ min: 1, max: 5000 }), async (entries, piece) => {
    assert.deepEqual(readByUs(await packedByTarStream(entries), piece), entries)
  }), { numRuns: 100 })
})

test('what is written here is read by tar-stream as it was', async () => {
  await fc.assert(fc.asyncProperty(archive, async (entries) => {
    assert.deepEqual(await readByTarStream(writtenByUs(entries)), entries)
  }), { numRuns: 100 })
})

async function packedByTarStream(entries: readonly Seen[]): Promise<Buffer> {
  const packed = pack()
  const bytes = collect(packed)
  for (const { name, type, linkname, mode, uid, gid, seconds, content } of entries) {
    const headers: Partial<Header> & { name: string } = { name, mode, uid, gid, mtime: new Date(seconds * 1000), type: (type === 'hardlink' ? 'link' : type) as 'file' }
    if (linkname !== '') headers.linkname = linkname
    await new Promise<void>((done, fail) => {
      const sink = packed.entry(type === 'file' ? { ...headers, size: Buffer.byteLength(content) } : headers, content, (error) => (error ? fail(error) : done()))
      sink?.on('error', fail)
    })
  }
  packed.finalize()
  return bytes
}

async function collect(stream: AsyncIterable<unknown>): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of stream) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}

function readByUs(bytes: Buffer, piece: number): Seen[] {
  const seen: Seen[] = []
  const reader = createTarReader({
    entry: ({ name, type, linkname, mode, uid, gid, mtimeNs }) => {
      const one: Seen = {
        name: name.toString().replace(/\/$/, ''), type, linkname: linkname.toString(), mode, uid, gid, seconds: Number(mtimeNs / 1_000_000_000n), content: '',
      }
      seen.push(one)
      const parts: Buffer[] = []
      return (part) => {
        parts.push(Buffer.from(part))
        one.content = Buffer.concat(parts).toString()
      }
    },
  })
  for (let at = 0; at < bytes.length; at += piece) reader.write(bytes.subarray(at, at + piece))
  reader.end()
  return seen
}

function writtenByUs(entries: readonly Seen[]): Buffer {
  const blocks = entries.flatMap(({ name, type, linkname, mode, uid, gid, seconds, content }) => {
    const body = Buffer.from(content)
    const header: TarEntry = {
      type: type as TarEntry['type'], name: Buffer.from(name), linkname: Buffer.from(linkname), mode, uid, gid, size: body.length,
      mtimeNs: BigInt(seconds) * 1_000_000_000n, deviceMajor: 0, deviceMinor: 0, xattrs: [],
    }
    return [encodeTarHeader(header), body, tarPadding(body.length)]
  })
  return Buffer.concat([...blocks, tarEnd])
}

async function readByTarStream(bytes: Buffer): Promise<Seen[]> {
  const seen: Seen[] = []
  const reader = extract()
  const done = new Promise<void>((resolve, reject) => reader.on('finish', resolve).on('error', reject))
  reader.on('entry', ({ name, type, linkname, mode, uid, gid, mtime }, content, next) => {
    void collect(content).then((body) => {
      seen.push({
        name: name.replace(/\/$/, ''), type: type === 'link' ? 'hardlink' : type ?? '', linkname: linkname ?? '', mode: mode ?? 0, uid: uid ?? 0, gid: gid ?? 0,
        seconds: (mtime?.getTime() ?? 0) / 1000, content: body.toString(),
      })
      next()
    })
  })
  reader.end(bytes)
  await done
  return seen
}
