import { encodeTarHeader, ownEntry, tarEnd, tarPadding } from '../tar-writer.ts'

/** An entry of an archive whose size is known before its content is. */
export interface PlannedEntry {
  name: string
  size: number
  /** Of small ones, at once. */
  content?: Buffer
}

export interface PlannedTar {
  /** Everything that is known now: headers, padding, small contents, with their places. */
  pieces: { offset: number; bytes: Buffer }[]
  /** Where the contents of the others belong. */
  offsets: ReadonlyMap<string, number>
  sizeBytes: number
}

/**
 * Where everything of a tar lies, so that contents can be written in any order, several at once. Names that end with `/` are directories.
 * Owners are root and times zero: the same entries always give the same bytes. Pure.
 */
export function planTar(entries: readonly PlannedEntry[]): PlannedTar {
  const pieces: PlannedTar['pieces'] = []
  const offsets = new Map<string, number>()
  let offset = 0
  const add = (bytes: Buffer): void => {
    if (bytes.length > 0) pieces.push({ offset, bytes })
    offset += bytes.length
  }
  for (const { name, size, content } of entries) {
    add(entryHeader(name, size))
    if (content === undefined) {
      offsets.set(name, offset)
      offset += size
    } else {
      add(content)
    }
    add(tarPadding(size))
  }
  add(tarEnd)
  return { pieces, offsets, sizeBytes: offset }
}

export function entryHeader(name: string, size: number): Buffer {
  return encodeTarHeader(ownEntry(name, size))
}
