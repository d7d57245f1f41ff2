import type { TarEntry, TarEntryType } from './tar-entry.ts'

const block = 512
const typeFlags: Record<TarEntryType, string> = { file: '0', hardlink: '1', symlink: '2', char: '3', block: '4', directory: '5', fifo: '6' }

/** The end of an archive: two blocks of zeros. */
export const tarEnd: Buffer = Buffer.alloc(2 * block)

/**
 * The header blocks of one entry: ustar, preceded by a pax header for what ustar cannot hold (long names, UTF-8 names, large numbers,
 * fractions of seconds, extended attributes). Names are bytes; a directory's gets its `/`. The same entry always gives the same bytes.
 */
export function encodeTarHeader(entry: TarEntry): Buffer {
  const name = entry.type === 'directory' && entry.name.at(-1) !== 0x2f ? Buffer.concat([entry.name, Buffer.from('/')]) : entry.name
  const records: [string, Buffer][] = []
  const seconds = entry.mtimeNs / 1_000_000_000n
  if (needsPax(name, 100)) records.push(['path', name])
  if (needsPax(entry.linkname, 100)) records.push(['linkpath', entry.linkname])
  if (entry.size > 0o77777777777) records.push(['size', Buffer.from(String(entry.size))])
  if (entry.uid > 0o7777777) records.push(['uid', Buffer.from(String(entry.uid))])
  if (entry.gid > 0o7777777) records.push(['gid', Buffer.from(String(entry.gid))])
  const wholeTime = entry.mtimeNs >= 0n && entry.mtimeNs % 1_000_000_000n === 0n && seconds <= 0o77777777777n
  if (!wholeTime) records.push(['mtime', Buffer.from(formatTime(entry.mtimeNs))])
  for (const [key, value] of entry.xattrs.toSorted(([a], [b]) => (a < b ? -1 : 1))) records.push([`SCHILY.xattr.${key}`, value])
  const header = encodeUstar(
    {
      ...entry,
      name,
      linkname: entry.linkname,
      size: entry.size > 0o77777777777 ? 0 : entry.size,
      uid: Math.min(entry.uid, 0o7777777),
      gid: Math.min(entry.gid, 0o7777777),
      mtimeNs: wholeTime ? entry.mtimeNs : 0n,
    },
    typeFlags[entry.type],
  )
  return records.length === 0 ? header : Buffer.concat([encodePaxHeader(records), header])
}

/** An entry of the archive's own, such as a manifest: of root, without a time. A name that ends with a slash is a directory's. */
export function ownEntry(name: string, size: number): TarEntry {
  const isDirectory = name.endsWith('/')
  return {
    type: isDirectory ? 'directory' : 'file', name: Buffer.from(name), linkname: Buffer.alloc(0), mode: isDirectory ? 0o755 : 0o644,
    uid: 0, gid: 0, size, mtimeNs: 0n, deviceMajor: 0, deviceMinor: 0, xattrs: [],
  }
}

/** What fills the last block of a file's content. */
export function tarPadding(size: number): Buffer {
  return Buffer.alloc((block - (size % block)) % block)
}

/** Bytes that are not UTF-8 stay in ustar's field when they fit: pax text is UTF-8 by its specification. */
function needsPax(name: Buffer, room: number): boolean {
  if (name.length > room) return true
  const ascii = name.every((byte) => byte < 0x80)
  return !ascii && Buffer.from(name.toString('utf8')).equals(name)
}

function formatTime(ns: bigint): string {
  const sign = ns < 0n ? '-' : ''
  const positive = ns < 0n ? -ns : ns
  const fraction = String(positive % 1_000_000_000n)
    .padStart(9, '0')
    .replace(/0+$/, '')
  return `${sign}${positive / 1_000_000_000n}${fraction === '' ? '' : `.${fraction}`}`
}

export function encodePaxHeader(records: readonly (readonly [string, Buffer])[]): Buffer {
  const content = Buffer.concat(
    records.map(([key, value]) => {
      const rest = Buffer.concat([Buffer.from(` ${key}=`, 'latin1'), value, Buffer.from('\n')])
      // The length counts its own digits.
      let length = rest.length + String(rest.length).length
      if (rest.length + String(length).length !== length) length = rest.length + String(length).length
      return Buffer.concat([Buffer.from(String(length)), rest])
    }),
  )
  const header = encodeUstar(ownEntry('././@PaxHeader', content.length), 'x')
  return Buffer.concat([header, content, tarPadding(content.length)])
}

export function encodeUstar(entry: Omit<TarEntry, 'type' | 'xattrs'>, typeFlag: string): Buffer {
  const header = Buffer.alloc(block)
  const octal = (value: number | bigint, offset: number, length: number): void => {
    header.write(
      value
        .toString(8)
        .padStart(length - 1, '0')
        .slice(-(length - 1)),
      offset,
      'latin1',
    )
  }
  entry.name.copy(header, 0, 0, Math.min(entry.name.length, 100))
  octal(entry.mode, 100, 8)
  octal(entry.uid, 108, 8)
  octal(entry.gid, 116, 8)
  octal(entry.size, 124, 12)
  octal(entry.mtimeNs / 1_000_000_000n, 136, 12)
  header.write('        ', 148, 'latin1')
  header.write(typeFlag, 156, 'latin1')
  entry.linkname.copy(header, 157, 0, Math.min(entry.linkname.length, 100))
  header.write('ustar\x0000', 257, 'latin1')
  octal(entry.deviceMajor, 329, 8)
  octal(entry.deviceMinor, 337, 8)
  let sum = 0
  for (const byte of header) sum += byte
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1')
  return header
}
