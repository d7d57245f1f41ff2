import { extract, type Header } from 'tar-stream'
import { corrupt } from './corrupt.ts'
import { entryFromHeader, type TarEntry } from './tar-entry.ts'
import { parsePaxNumber, parsePaxRecords } from './pax-records.ts'

/** Called in the order of the archive, synchronously with its bytes. What it throws ends the reading and comes out of `write` or `end`. */
export interface TarSink {
  /** Returns what takes the content of a regular file, in chunks that may be kept; undefined skips the content. */
  entry(entry: TarEntry): ((chunk: Buffer) => void) | undefined
  /** After the last byte of every entry, also of one without content. */
  entryEnd?(entry: TarEntry): void
}

export interface TarReader {
  write(chunk: Buffer): Promise<void>
  /** Throws LAYER_CORRUPT when the archive ends inside an entry. */
  end(): Promise<void>
}

/**
 * Reads a tar archive that is pushed in: ustar, pax, GNU and v7 headers. tar-stream does the framing; names, link names and pax
 * records are taken from the bytes (tar-stream decodes pax text as UTF-8, which destroys binary attributes and latin-1 names).
 * Global pax headers are ignored. Throws LAYER_CORRUPT for damage, and for entries after the end mark, which other readers would
 * not see; ENTRY_TYPE_UNSUPPORTED for sparse files and unknown types.
 */
export function createTarReader(sink: TarSink): TarReader {
  const extractor = extract({ filenameEncoding: 'latin1', allowUnknownFormat: true } as Parameters<typeof extract>[0])
  const longHeaders = takeLongHeaders(extractor as unknown as ExtractorParts)
  let failure: unknown
  let wake: (() => void) | undefined
  const fail = (error: unknown): void => {
    failure ??= error
    extractor.destroy(null)
    wake?.()
  }
  extractor.on('error', (error: Error) => fail(corrupt('the tar archive cannot be read', error.message, error)))
  extractor.on('drain', () => wake?.())
  extractor.on('close', () => wake?.())
  extractor.on('entry', (header: Header, stream, next) => {
    const guard =
      <Arguments extends unknown[]>(act: (...values: Arguments) => void) =>
      (...values: Arguments): void => {
        if (failure !== undefined) return
        try {
          act(...values)
        } catch (error) {
          fail(error)
        }
      }
    stream.on('error', () => {})
    guard(() => {
      const entry = entryFromHeader(header, longHeaders.take(header))
      const body = sink.entry(entry)
      if (entry.size === 0) {
        sink.entryEnd?.(entry)
        // Not at once: the extractor would read the next header inside this call, one stack frame deeper for every empty entry.
        queueMicrotask(() => next(null))
        return
      }
      if (body !== undefined)
        stream.on(
          'data',
          guard((chunk: unknown) => body(chunk as Buffer)),
        )
      stream.on(
        'end',
        guard(() => {
          sink.entryEnd?.(entry)
          next(null)
        }),
      )
      stream.resume()
    })()
  })
  const settled = async (ready: boolean): Promise<void> => {
    if (!ready && failure === undefined)
      await new Promise<void>((resolve) => {
        wake = resolve
      })
    wake = undefined
    if (failure !== undefined) throw failure
  }
  return {
    write: (chunk) => settled(extractor.write(chunk)),
    end: () => {
      extractor.end(undefined)
      return settled(extractor.destroyed)
    },
  }
}

/** The part of tar-stream 3.2.2 that this file reaches into; a test fails when a new version no longer has it. */
interface ExtractorParts {
  _header: { type: string | null; byteOffset: number; size: number }
  _pax: { size?: string } | null
  _gnuLongPath: string | null
  _gnuLongLinkPath: string | null
  _decodeLongHeader(bytes: Buffer): void
}

interface LongHeaders {
  take(header: Header): Map<string, Buffer>
}

function takeLongHeaders(extractor: ExtractorParts): LongHeaders {
  if (typeof extractor._decodeLongHeader !== 'function')
    throw new Error('tar-stream has no _decodeLongHeader: it is not the pinned version')
  let records = new Map<string, Buffer>()
  let nextOffset = 0
  const follow = (byteOffset: number, size: number): void => {
    if (byteOffset - 512 !== nextOffset) throw corrupt('the tar archive cannot be read', 'entries follow its end mark')
    nextOffset = byteOffset + Math.ceil(size / 512) * 512
  }
  extractor._decodeLongHeader = (bytes) => {
    const header = extractor._header
    follow(header.byteOffset, header.size)
    const text = (): string => {
      const end = bytes.indexOf(0)
      return bytes.toString('latin1', 0, end === -1 ? bytes.length : end)
    }
    if (header.type === 'gnu-long-path') extractor._gnuLongPath = text()
    else if (header.type === 'gnu-long-link-path') extractor._gnuLongLinkPath = text()
    else if (header.type === 'pax-header') {
      records = parsePaxRecords(bytes)
      const size = records.get('size')
      // Framing is the extractor's: it must know the size before the content comes.
      extractor._pax = size === undefined ? null : { size: String(parsePaxNumber(size)) }
    }
  }
  return {
    take: (header) => {
      const taken = records
      records = new Map()
      const { byteOffset } = header as Header & { byteOffset: number }
      follow(byteOffset, header.type === 'directory' ? 0 : (header.size ?? 0))
      return taken
    },
  }
}
