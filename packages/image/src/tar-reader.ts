import { corrupt } from './corrupt.ts'
import { entryFromHeader, type TarEntry } from './tar-entry.ts'
import { parsePaxRecords } from './pax-records.ts'
import { tarBlock, parseTarHeader, readText, type TarHeader } from './tar-header.ts'

/** Called in the order of the archive, inside of `write`. What it throws comes out of `write`, and ends the reading. */
export interface TarSink {
  /**
   * Returns what takes the content of a regular file, in pieces that are as large as they come and may be used until it returns; undefined
   * skips the content.
   */
  entry(entry: TarEntry): ((piece: Buffer) => void) | undefined
  /** After the last byte of every entry, also of one without content. */
  entryEnd?(entry: TarEntry): void
}

export interface TarReader {
  /** The bytes are done with when it returns. */
  write(chunk: Buffer): void
  /** Throws LAYER_CORRUPT when the archive ends inside an entry. */
  end(): void
}

/**
 * Reads a tar archive that is pushed in: ustar, pax, GNU and v7 headers. Names, link names and attributes stay bytes. Global pax headers
 * are ignored. Throws LAYER_CORRUPT for damage, and for entries after the end mark, which other readers would not see;
 * ENTRY_TYPE_UNSUPPORTED for sparse files and unknown types. Spec: POSIX pax; GNU tar, "Basic Tar Format".
 */
export function createTarReader(sink: TarSink): TarReader {
  return new PushedTar(sink)
}

/** pax, global pax, GNU's long link, and its long name in two spellings. */
const extensionFlags = new Set(['x', 'g', 'K', 'L', 'N'])
const noRecords: ReadonlyMap<string, Buffer> = new Map()
/** Of one extended header: names are short, and attributes are bounded elsewhere. */
const longestExtension = 4 << 20

class PushedTar implements TarReader {
  readonly #sink: TarSink
  #chunk: Buffer = Buffer.alloc(0)
  #at = 0
  /** What the next bytes are: so many of an extended header, of content, of padding; a header when there are none of these. */
  #extension: TarHeader | undefined
  #content = 0
  #padding = 0
  #sawEnd = false
  /** What extended headers say of the next entry. */
  #pax: ReadonlyMap<string, Buffer> = noRecords
  #longName: Buffer | undefined
  #longLink: Buffer | undefined
  #entry: TarEntry | undefined
  #body: ((piece: Buffer) => void) | undefined
  /** A header that the chunks so far hold only the beginning of. */
  #begun: Buffer | undefined
  #begunBytes = 0

  constructor(sink: TarSink) {
    this.#sink = sink
  }

  write(chunk: Buffer): void {
    this.#chunk = chunk
    this.#at = 0
    while (this.#at < chunk.length) {
      if (this.#extension !== undefined) this.#readExtension(this.#extension)
      else if (this.#content > 0) this.#readContent()
      else if (this.#padding > 0) this.#padding -= this.#next(this.#padding).length
      else this.#readHeader()
    }
  }

  end(): void {
    if (this.#extension === undefined && this.#content === 0 && this.#padding === 0 && this.#begun === undefined) return
    throw corrupt('the tar archive cannot be read', 'it ends in the middle')
  }

  #readHeader(): void {
    const block = this.#whole(tarBlock)
    const header = block === undefined ? undefined : parseTarHeader(block)
    if (header === undefined) {
      this.#sawEnd ||= block !== undefined
      return
    }
    if (this.#sawEnd) throw corrupt('the tar archive cannot be read', 'entries follow its end mark')
    if (extensionFlags.has(header.flag)) return this.#beginExtension(header)
    header.name = this.#longName ?? header.name
    header.linkname = this.#longLink ?? header.linkname
    const entry = entryFromHeader(header, this.#pax)
    this.#pax = noRecords
    this.#longName = this.#longLink = undefined
    this.#entry = entry
    this.#content = entry.size
    this.#padding = paddingOf(entry.size)
    this.#body = this.#sink.entry(entry)
    if (entry.size === 0) this.#sink.entryEnd?.(entry)
  }

  #beginExtension(header: TarHeader): void {
    if (header.size > longestExtension) {
      throw corrupt('the tar archive cannot be read', `an extended header has ${header.size} bytes; at most ${longestExtension} are accepted`)
    }
    if (header.size > 0) this.#extension = header
  }

  #readExtension({ flag, size }: TarHeader): void {
    const bytes = this.#whole(size)
    if (bytes === undefined) return
    this.#extension = undefined
    this.#padding = paddingOf(size)
    // A copy: what it says is needed until the entry comes, and the chunk is gone by then.
    if (flag === 'x') this.#pax = parsePaxRecords(Buffer.from(bytes))
    else if (flag === 'K') this.#longLink = readText(bytes, 0, size)
    else if (flag !== 'g') this.#longName = readText(bytes, 0, size)
  }

  #readContent(): void {
    const piece = this.#next(this.#content)
    this.#content -= piece.length
    this.#body?.(piece)
    if (this.#content === 0) this.#sink.entryEnd?.(this.#entry!)
  }

  /** As many of the next bytes as the chunk has. */
  #next(most: number): Buffer {
    const piece = this.#chunk.subarray(this.#at, this.#at + most)
    this.#at += piece.length
    return piece
  }

  /** The next bytes once they are all there: as they lie in the chunk, or put together from several. */
  #whole(size: number): Buffer | undefined {
    if (this.#begun === undefined && this.#chunk.length - this.#at >= size) return this.#next(size)
    this.#begun ??= Buffer.allocUnsafe(size)
    this.#begunBytes += this.#next(size - this.#begunBytes).copy(this.#begun, this.#begunBytes)
    if (this.#begunBytes < size) return undefined
    const whole = this.#begun
    this.#begun = undefined
    this.#begunBytes = 0
    return whole
  }
}

function paddingOf(size: number): number {
  return (tarBlock - (size % tarBlock)) % tarBlock
}
