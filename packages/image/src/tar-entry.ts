import { RocketError } from '@rocket/contracts'
import type { Header } from 'tar-stream'
import { corrupt } from './corrupt.ts'
import { parsePaxNumber, parsePaxTime } from './pax-records.ts'

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
  'file': 'file',
  'contiguous-file': 'file',
  'directory': 'directory',
  'symlink': 'symlink',
  'link': 'hardlink',
  'character-device': 'char',
  'block-device': 'block',
  'fifo': 'fifo',
}

const xattrPrefix = 'SCHILY.xattr.'

/** `header` as tar-stream gives it with latin-1 names; `pax` are the records of the extended header before it, which take precedence. */
export function entryFromHeader(header: Header, pax: Map<string, Buffer>): TarEntry {
  const name = pax.get('path') ?? Buffer.from(header.name, 'latin1')
  const linkname = pax.get('linkpath') ?? Buffer.from(header.linkname ?? '', 'latin1')
  const shown = JSON.stringify(name.toString('latin1').slice(0, 200))
  const type = types[header.type ?? '']
  const xattrs: [string, Buffer][] = []
  for (const [key, value] of pax) {
    if (key.startsWith(xattrPrefix)) xattrs.push([key.slice(xattrPrefix.length), value])
    else if (key.startsWith('GNU.sparse.')) throw unsupported(shown, 'a sparse file')
  }
  if (type === undefined) throw unsupported(shown, 'a sparse file, a volume label, or of a kind this program does not know')
  const number = (value: number | null | undefined, field: string): number => {
    if (!Number.isSafeInteger(value) || value! < 0) throw corrupt('the tar archive cannot be read', `${field} of ${shown} is not a number`)
    return value!
  }
  const size = number(header.size, 'the size')
  // The way archives older than POSIX write directories.
  const isDirectory = type === 'directory' || (type === 'file' && size === 0 && name[name.length - 1] === 0x2f)
  if (type !== 'file' && type !== 'directory' && size !== 0) {
    // Some readers skip these bytes, others read them as the next header: two views of one archive.
    throw corrupt('the tar archive cannot be read', `${shown} is a ${type} with content`)
  }
  const uid = pax.get('uid')
  const gid = pax.get('gid')
  const mtime = pax.get('mtime')
  return {
    type: isDirectory ? 'directory' : type,
    name,
    linkname,
    mode: number(header.mode, 'the mode') & 0o7777,
    uid: checkId(uid === undefined ? number(header.uid, 'the owner') : parsePaxNumber(uid), shown),
    gid: checkId(gid === undefined ? number(header.gid, 'the group') : parsePaxNumber(gid), shown),
    size: isDirectory ? 0 : size,
    mtimeNs: mtime === undefined ? secondsToNs(header.mtime, shown) : parsePaxTime(mtime),
    deviceMajor: number(header.devmajor ?? 0, 'the device number'),
    deviceMinor: number(header.devminor ?? 0, 'the device number'),
    xattrs,
  }
}

/** The largest ID means "leave as it is" to chown; beyond it the kernel would wrap around, to 0 in the worst case. */
function checkId(id: number, shown: string): number {
  if (id >= 0xffffffff) throw corrupt('the tar archive cannot be read', `the owner of ${shown} is out of range`)
  return id
}

function secondsToNs(time: Date | undefined, shown: string): bigint {
  const milliseconds = time?.getTime() ?? 0
  if (!Number.isSafeInteger(milliseconds)) throw corrupt('the tar archive cannot be read', `the time of ${shown} is out of range`)
  return BigInt(milliseconds) * 1_000_000n
}

function unsupported(shown: string, kind: string): RocketError {
  return new RocketError('ENTRY_TYPE_UNSUPPORTED', {
    what: `the entry ${shown} cannot be unpacked`,
    why: `it is ${kind}`,
    hint: 'pack the image again without sparse files and archive extensions',
  })
}
