import type { TarEntry } from '../tar-entry.ts'
import { encodeTarHeader, tarEnd, tarPadding } from '../tar-writer.ts'

export interface EntrySpec extends Partial<Omit<TarEntry, 'name' | 'linkname' | 'size'>> {
  name: string | Buffer
  linkname?: string | Buffer
  content?: string | Buffer
}

/** Strings are names in latin-1, one character per byte. */
export function makeEntry(spec: EntrySpec): Buffer {
  const content = typeof spec.content === 'string' ? Buffer.from(spec.content) : (spec.content ?? Buffer.alloc(0))
  const bytes = (value: string | Buffer | undefined): Buffer =>
    typeof value === 'string' ? Buffer.from(value, 'latin1') : (value ?? Buffer.alloc(0))
  const type = spec.type ?? (bytes(spec.name).at(-1) === 0x2f ? 'directory' : spec.linkname === undefined ? 'file' : 'symlink')
  const header = encodeTarHeader({
    type,
    mode: spec.mode ?? (type === 'directory' ? 0o755 : 0o644),
    uid: spec.uid ?? 0,
    gid: spec.gid ?? 0,
    size: content.length,
    mtimeNs: spec.mtimeNs ?? 1_500_000_000_000_000_000n,
    deviceMajor: spec.deviceMajor ?? 0,
    deviceMinor: spec.deviceMinor ?? 0,
    xattrs: spec.xattrs ?? [],
    name: bytes(spec.name),
    linkname: bytes(spec.linkname),
  })
  return Buffer.concat([header, content, tarPadding(content.length)])
}

export function makeTar(specs: readonly (EntrySpec | Buffer)[]): Buffer {
  return Buffer.concat([...specs.map((spec) => (Buffer.isBuffer(spec) ? spec : makeEntry(spec))), tarEnd])
}

/** In pieces of awkward sizes, so that every boundary falls inside something. */
export async function* inPieces(bytes: Buffer, size = 1000): AsyncGenerator<Buffer, void, undefined> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}
