import { fstatSync } from 'node:fs'
import { RocketError } from '@rocket/contracts'
import { corrupt } from '../corrupt.ts'
import { cleanEntryName } from '../entry-path.ts'
import { parsePaxNumber, parsePaxRecords } from '../pax-records.ts'
import { parseTarHeader, tarBlock } from '../tar-header.ts'
import { type FileRange, readRange } from './content-files.ts'

/** Where each regular file of an archive lies. */
export type TarIndex = ReadonlyMap<string, FileRange>

/** An archive of images has a few entries per layer; more is a way to keep us busy. */
const mostEntries = 100_000
const mostLongHeaderBytes = 64 << 10
const mostLinkHops = 8

/**
 * One walk over the headers of an uncompressed tar, past the contents. Links are resolved by name among the entries, never on a disk; what
 * leads nowhere is left out. `name` is for messages. Throws IMAGE_ARCHIVE_INVALID for a name that is there twice, an archive that is cut
 * short or has entries behind its end; LAYER_CORRUPT for damaged headers, ENTRY_ESCAPES_ROOTFS, ENTRY_NAME_INVALID, LAYER_TOO_LARGE.
 */
export function indexTar(fd: number, name: string): TarIndex {
  const files = new Map<string, FileRange>()
  const links = new Map<string, string>()
  const archiveBytes = fstatSync(fd).size
  let long: { path?: Buffer; linkpath?: Buffer; size?: number } = {}
  let entries = 0
  for (let offset = 0; offset < archiveBytes;) {
    const header = parseTarHeader(readRange(fd, offset, tarBlock))
    if (header === undefined) {
      checkNothingFollows(fd, offset, archiveBytes, name)
      break
    }
    if (++entries > mostEntries) {
      throw new RocketError('LAYER_TOO_LARGE', { what: `${name} was not read`, why: `it has more than ${mostEntries} entries` })
    }
    const isLongHeader = 'xgLK'.includes(header.flag)
    const size = isLongHeader ? header.size : long.size ?? header.size
    const content = { offset: offset + tarBlock, size: isContent(header.flag) ? size : 0 }
    if (content.offset + content.size > archiveBytes) throw invalid(name, 'it is cut short')
    offset = content.offset + Math.ceil(content.size / tarBlock) * tarBlock
    if (isLongHeader) {
      long = header.flag === 'g' ? long : { ...long, ...readLongHeader(fd, header.flag, content) }
      continue
    }
    const path = cleanEntryName(long.path ?? header.name)
    const isFile = header.flag === '0' || header.flag === '7'
    // The way archives older than POSIX write directories.
    const isOldDirectory = isFile && size === 0 && (long.path ?? header.name).at(-1) === 0x2f
    if (header.flag !== '5' && !isOldDirectory) {
      if (files.has(path) || links.has(path)) throw invalid(name, `${JSON.stringify(path.slice(0, 200))} is in it twice`)
      const linkname = long.linkpath ?? header.linkname
      if (isFile) files.set(path, content)
      else if (header.flag === '1') links.set(path, targetOf('', linkname))
      else if (header.flag === '2') links.set(path, targetOf(path, linkname))
      else throw new RocketError('ENTRY_TYPE_UNSUPPORTED', {
        what: `the entry ${JSON.stringify(path.slice(0, 200))} of ${name} cannot be read`,
        why: 'it is neither a file, a directory nor a link',
      })
    }
    long = {}
  }
  resolveLinks(files, links)
  return files
}

/** Contents follow regular files and the headers before them; whatever size another kind gives, nothing follows it. */
function isContent(flag: string): boolean {
  return '07xgLK'.includes(flag)
}

function readLongHeader(fd: number, flag: string, { offset, size }: FileRange): { path?: Buffer; linkpath?: Buffer; size?: number } {
  if (size > mostLongHeaderBytes) throw corrupt('the tar archive cannot be read', `an extended header has ${size} bytes`)
  const bytes = readRange(fd, offset, size)
  if (flag !== 'x') {
    const end = bytes.indexOf(0)
    const text = end === -1 ? bytes : bytes.subarray(0, end)
    return flag === 'L' ? { path: text } : { linkpath: text }
  }
  const records = parsePaxRecords(bytes)
  const [path, linkpath, length] = [records.get('path'), records.get('linkpath'), records.get('size')]
  return {
    ...(path === undefined ? {} : { path }),
    ...(linkpath === undefined ? {} : { linkpath }),
    ...(length === undefined ? {} : { size: parsePaxNumber(length) }),
  }
}

/** A symbolic link is relative to where it lies, a hard link to the root. */
function targetOf(from: string, linkname: Buffer): string {
  const slash = from.lastIndexOf('/')
  const isAbsolute = linkname[0] === 0x2f
  return cleanEntryName(slash === -1 || isAbsolute ? linkname : Buffer.concat([Buffer.from(from.slice(0, slash + 1), 'latin1'), linkname]))
}

function resolveLinks(files: Map<string, FileRange>, links: ReadonlyMap<string, string>): void {
  for (const [from, to] of links) {
    let target: string | undefined = to
    for (let hops = 0; target !== undefined && links.has(target); hops++) target = hops < mostLinkHops ? links.get(target) : undefined
    const file = target === undefined ? undefined : files.get(target)
    if (file !== undefined) files.set(from, file)
  }
}

function checkNothingFollows(fd: number, from: number, to: number, name: string): void {
  for (let offset = from; offset < to; offset += 1 << 20) {
    if (readRange(fd, offset, Math.min(1 << 20, to - offset)).some((byte) => byte !== 0)) throw invalid(name, 'entries follow its end mark')
  }
}

function invalid(name: string, why: string): RocketError {
  return new RocketError('IMAGE_ARCHIVE_INVALID', { what: `${name} was not read`, why, hint: 'copy it again; it is damaged, or made to deceive' })
}
