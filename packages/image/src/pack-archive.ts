import { closeSync, fsyncSync, openSync, readSync, writeSync } from 'node:fs'
import { pipeline, Readable } from 'node:stream'
import { createGzip } from 'node:zlib'
import { RocketError } from '@rocket/contracts'
import { createDigest, syscallError } from '@rocket/host'
import { showPath } from './entry-path.ts'
import { encodeTarHeader, tarEnd, tarPadding } from './tar-writer.ts'
import { type WalkedEntry, walkTree, type WalkOptions } from './walk-tree.ts'

export interface PackedArchive {
  /** `sha256:…` of the bytes as written. */
  digest: string
  sizeBytes: number
  /** Of the uncompressed tar. */
  diffId: string
  sha512: string
}

const chunkBytes = 1 << 20

/** The tar of a tree, or of what an overlay of several would show, in chunks; `prefix` (`rootfs`) stands before every name. What `before` holds comes first. */
export function* tarOfTree(
  directory: string | readonly string[],
  prefix: string,
  before: readonly Buffer[],
  options: WalkOptions,
): Generator<Buffer, void, undefined> {
  let small: Buffer[] = [...before]
  let smallBytes = 0
  // Headers and small files are gathered: a write and three digests for each would cost more than the copying.
  function* flush(): Generator<Buffer> {
    if (small.length > 0) yield Buffer.concat(small)
    small = []
    smallBytes = 0
  }
  const inPrefix = (name: Buffer): Buffer =>
    prefix === '' ? name : Buffer.concat([Buffer.from(name.length === 0 ? prefix : `${prefix}/`), name])
  for (const walked of walkTree(directory, options)) {
    const { entry } = walked
    const name = inPrefix(entry.name)
    const linkname = entry.type === 'hardlink' ? inPrefix(entry.linkname) : entry.linkname
    small.push(encodeTarHeader({ ...entry, name: name.length === 0 ? Buffer.from('./') : name, linkname }))
    for (const chunk of contentOf(walked)) {
      small.push(chunk)
      smallBytes += chunk.length
      if (smallBytes >= chunkBytes) yield* flush()
    }
    small.push(tarPadding(entry.size))
    if ((smallBytes += 1024) >= chunkBytes) yield* flush()
  }
  small.push(tarEnd)
  yield* flush()
}

function* contentOf({ path, entry, content }: WalkedEntry): Generator<Buffer, void, undefined> {
  if (content === undefined) return
  for (let left = entry.size; left > 0;) {
    const chunk = Buffer.allocUnsafeSlow(Math.min(left, chunkBytes))
    const length = readSync(content, chunk)
    if (length === 0)
      throw new RocketError('PACK_FAILED', { what: `${showPath(path)} cannot be packed`, why: 'it became shorter while it was read' })
    left -= length
    yield chunk.subarray(0, length)
  }
}

/**
 * Writes a tar, compressed with gzip unless told otherwise, to a file that must not exist. gzip's header carries neither name nor time,
 * so the same tar gives the same bytes. Synced when it returns; what fails leaves the file, for the caller to remove.
 */
export async function writeArchive(tar: Iterable<Buffer>, file: string, compression: 'gzip' | 'none'): Promise<PackedArchive> {
  const [stored, plain, long] = [createDigest('sha256'), createDigest('sha256'), createDigest('sha512')]
  let sizeBytes = 0
  function* hashed(): Generator<Buffer> {
    for (const chunk of tar) {
      plain.update(chunk)
      long.update(chunk)
      yield chunk
    }
  }
  let fd: number | undefined
  try {
    fd = openSync(file, 'wx', 0o644)
    for await (const chunk of compression === 'none' ? hashed() : gzipped(hashed())) {
      stored.update(chunk)
      sizeBytes += chunk.length
      for (let written = 0; written < chunk.length;) written += writeSync(fd, chunk, written)
    }
    fsyncSync(fd)
  } catch (error) {
    throw error instanceof Error && 'syscall' in error ? syscallError(error, `${file} was not written`) : error
  } finally {
    if (fd !== undefined) closeSync(fd)
  }
  return { digest: `sha256:${stored.hex()}`, sizeBytes, diffId: `sha256:${plain.hex()}`, sha512: long.hex() }
}

async function* gzipped(chunks: Iterable<Buffer>): AsyncGenerator<Buffer, void, undefined> {
  const input = Readable.from(chunks, { objectMode: true, highWaterMark: 1 })
  const gzip = createGzip({ level: 6, chunkSize: chunkBytes })
  let sourceError: unknown
  input.on('error', (error) => {
    sourceError = error
  })
  pipeline(input, gzip, () => {})
  try {
    yield* gzip as AsyncIterable<Buffer>
  } catch (error) {
    throw sourceError ?? error
  }
}
