import { RocketError } from '@rocket/contracts'
import { corrupt } from './corrupt.ts'
import { parsePaxNumber, parsePaxTime } from './pax-records.ts'
import type { TarHeader } from './tar-header.ts'

export type TarEntryType = 'file' | 'directory' | 'symlink' | 'hardlink' | 'char' | 'block' | 'fifo'

export interface TarEntry {
  type: TarEntryType
  /** As it stands in the archive: not cleaned, not trusted. */
  name: Buffer
  linkname: Buffer
  /** Permission, set-id and sticky bits. */
  mode: number
  uid: number
  gid: number
  /** Of the content that follows; 0 for everything but regular files. */
  size: number
  mtimeNs: bigint
  deviceMajor: number
  deviceMinor: number
  /** Name (latin-1, one character per byte) and value. */
  xattrs: [name: string, value: Buffer][]
}

const types: Record<string, TarEntryType> = {
  '0': 'file',
  '1': 'hardlink',
  '2': 'symlink',
  '3': 'char',
  '4': 'block',
  '5': 'directory',
  '6': 'fifo',
  // contiguous files, which nobody keeps apart
  '7': 'file',
}

const xattrPrefix = 'SCHILY.xattr.'

/** `pax` are the records of the extended header before it, which take precedence. */
export function entryFromHeader(header: TarHeader, pax: ReadonlyMap<string, Buffer>): TarEntry {
  const name = pax.get('path') ?? header.name
  const linkname = pax.get('linkpath') ?? header.linkname
  const type = types[header.flag]
  const xattrs: [string, Buffer][] = []
  for (const [key, value] of pax) {
    if (key.startsWith(xattrPrefix)) xattrs.push([key.slice(xattrPrefix.length), value])
    else if (key.startsWith('GNU.sparse.')) throw unsupported(name, 'a sparse file')
  }
  if (type === undefined) throw unsupported(name, 'a sparse file, a volume label, or of a kind this program does not know')
  const paxSize = pax.get('size')
  // What a directory says of itself is the size it had, and nothing follows.
  const size = type === 'directory' ? 0 : paxSize === undefined ? header.size : parsePaxNumber(paxSize)
  // The way archives older than POSIX write directories.
  const isDirectory = type === 'directory' || (type === 'file' && size === 0 && name[name.length - 1] === 0x2f)
  if (type !== 'file' && type !== 'directory' && size !== 0) {
    // Some readers skip these bytes, others read them as the next header: two views of one archive.
    throw corrupt('the tar archive cannot be read', `${show(name)} is a ${type} with content`)
  }
  const uid = pax.get('uid')
  const gid = pax.get('gid')
  const mtime = pax.get('mtime')
  return {
    type: isDirectory ? 'directory' : type,
    name,
    linkname,
    mode: header.mode & 0o7777,
    uid: checkId(uid === undefined ? header.uid : parsePaxNumber(uid), name),
    gid: checkId(gid === undefined ? header.gid : parsePaxNumber(gid), name),
    size,
    mtimeNs: checkTime(mtime === undefined ? BigInt(header.mtimeSeconds) * 1_000_000_000n : parsePaxTime(mtime), name),
    deviceMajor: header.deviceMajor,
    deviceMinor: header.deviceMinor,
    xattrs,
  }
}

/** The largest ID means "leave as it is" to chown; beyond it the kernel would wrap around, to 0 in the worst case. */
function checkId(id: number, name: Buffer): number {
  if (id >= 0xffffffff) throw corrupt('the tar archive cannot be read', `the owner of ${show(name)} is out of range`)
  return id
}

/** Of what the kernel counts in 64 bits. */
function checkTime(ns: bigint, name: Buffer): bigint {
  if (BigInt.asIntN(64, ns) !== ns) throw corrupt('the tar archive cannot be read', `the time of ${show(name)} is out of range`)
  return ns
}

function unsupported(name: Buffer, kind: string): RocketError {
  return new RocketError('ENTRY_TYPE_UNSUPPORTED', {
    what: `the entry ${show(name)} cannot be unpacked`,
    why: `it is ${kind}`,
    hint: 'pack the image again without sparse files and archive extensions',
  })
}

function show(name: Buffer): string {
  return JSON.stringify(name.toString('latin1', 0, 200))
}
