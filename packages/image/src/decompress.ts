import { pipeline, Readable } from 'node:stream'
import { isErrno, isRocketError, RocketError } from '@rocket/contracts'
import { type Compression, detectCompression, sniffBytes } from './compression.ts'
import { gunzip } from './gunzip.ts'

/** A bomb is recognised by either number; the ratio counts only once `ratioFromBytes` came out, so that small archives of zeros pass. */
export interface ExpansionLimits {
  maxUnpackedBytes: number
  maxRatio: number
  ratioFromBytes: number
}

export interface ArchiveReading {
  limits?: ExpansionLimits | undefined
  /** The caller holds a digest against the uncompressed bytes: gzip's checksum, a tenth of the work, says nothing more. */
  isVerified?: boolean | undefined
}

export const defaultExpansionLimits: ExpansionLimits = { maxUnpackedBytes: 64 * 2 ** 30, maxRatio: 250, ratioFromBytes: 2 ** 30 }

const chunkBytes = 1 << 20
/** zstd's own default for frames it did not announce; more is a way to make us allocate gigabytes. */
const zstdWindowLog = 27

export interface Archive {
  compression: Compression
  /** The uncompressed bytes, in chunks of up to 1 MiB or as they came. One may be used until the next is asked for. */
  chunks: AsyncGenerator<Buffer, void, undefined>
}

/**
 * Looks at the first bytes of an archive, and unpacks the rest as they are asked for: gzip and zstd in this process, bzip2 and xz by the
 * programs of these names. A chunk of `source` is done with when the next is asked for. Nothing beyond the limits is kept in memory. Throws
 * LAYER_CORRUPT for what is no archive; `chunks` throw LAYER_TOO_LARGE, LAYER_CORRUPT (also for a truncated archive), PROGRAM_MISSING;
 * errors of `source` pass through.
 */
export async function openArchive(source: AsyncIterable<Buffer>, reading: ArchiveReading = {}): Promise<Archive> {
  const iterator = source[Symbol.asyncIterator]()
  const { head, done } = await readHead(iterator)
  const compression = detectCompression(head.subarray(0, sniffBytes))
  return { compression, chunks: expandBounded(compression, head, done ? undefined : iterator, reading) }
}

async function* expandBounded(
  compression: Compression,
  head: Buffer,
  rest: AsyncIterator<Buffer> | undefined,
  { limits = defaultExpansionLimits, isVerified = false }: ArchiveReading,
): AsyncGenerator<Buffer, void, undefined> {
  let readBytes = 0
  let unpackedBytes = 0
  const counted = async function* (): AsyncGenerator<Buffer, void, undefined> {
    readBytes += head.length
    yield head
    if (rest === undefined) return
    for (let next = await rest.next(); next.done !== true; next = await rest.next()) {
      readBytes += next.value.length
      yield next.value
    }
  }
  try {
    for await (const chunk of compression === 'none' ? counted() : expand(compression, counted(), isVerified)) {
      unpackedBytes += chunk.length
      checkExpansion(readBytes, unpackedBytes, limits)
      yield chunk
    }
  } finally {
    await rest?.return?.()
  }
}

async function readHead(iterator: AsyncIterator<Buffer>): Promise<{ head: Buffer; done: boolean }> {
  let head: Buffer = Buffer.alloc(0)
  for (;;) {
    const next = await iterator.next()
    if (next.done === true) return { head, done: true }
    if (head.length === 0 && next.value.length >= sniffBytes) return { head: next.value, done: false }
    head = Buffer.concat([head, next.value])
    if (head.length >= sniffBytes) return { head, done: false }
  }
}

function checkExpansion(readBytes: number, unpackedBytes: number, limits: ExpansionLimits): void {
  if (unpackedBytes > limits.maxUnpackedBytes) {
    throw new RocketError('LAYER_TOO_LARGE', {
      what: 'the archive was not unpacked',
      why: `it holds more than ${limits.maxUnpackedBytes} bytes`,
      hint: 'if it is meant to be that large, raise the limit',
    })
  }
  if (unpackedBytes > limits.ratioFromBytes && unpackedBytes > readBytes * limits.maxRatio) {
    throw new RocketError('LAYER_TOO_LARGE', {
      what: 'the archive was not unpacked',
      why: `${readBytes} bytes became ${unpackedBytes}, more than ${limits.maxRatio} times as many`,
      hint: 'this is how a decompression bomb looks; if it is not one, raise the limit or compress it less',
    })
  }
}

async function* expand(
  compression: Exclude<Compression, 'none'>,
  source: AsyncIterable<Buffer>,
  isVerified: boolean,
): AsyncGenerator<Buffer, void, undefined> {
  let sourceError: { thrown: unknown } | undefined
  const watched = async function* (): AsyncGenerator<Buffer, void, undefined> {
    try {
      yield* source
    } catch (error) {
      sourceError = { thrown: error }
      throw error
    }
  }
  try {
    if (compression === 'gzip') yield* gunzip(watched(), !isVerified)
    else if (compression === 'zstd') yield* unzstd(asStream(watched()))
    else yield* runProgram(compression, asStream(watched()))
  } catch (error) {
    if (sourceError !== undefined) throw sourceError.thrown
    if (isRocketError(error)) throw error
    throw new RocketError('LAYER_CORRUPT', {
      what: `the ${compression} data cannot be decompressed`,
      why: error instanceof Error ? error.message : String(error),
      hint: 'fetch it again; it is truncated or damaged',
      cause: error,
    })
  }
}

/** A stream holds on to what it was given: it gets copies. */
function asStream(source: AsyncIterable<Buffer>): Readable {
  const copied = async function* (): AsyncGenerator<Buffer, void, undefined> {
    for await (const chunk of source) yield Buffer.from(chunk)
  }
  // Bytes are counted as they are taken: a high-water mark of one chunk keeps that count honest.
  return Readable.from(copied(), { objectMode: true, highWaterMark: 1 })
}

/** Loaded when it is needed, as is what runs programs: most layers are gzip, and a thread loads everything anew. */
async function* unzstd(input: Readable): AsyncGenerator<Buffer, void, undefined> {
  const { constants, createZstdDecompress } = await import('node:zlib')
  const output = createZstdDecompress({ chunkSize: chunkBytes, params: { [constants.ZSTD_d_windowLogMax]: zstdWindowLog } })
  pipeline(input, output, () => {})
  yield* output as AsyncIterable<Buffer>
}

const programArguments = {
  // One thread and a bound on the dictionary: what an archive asks for must not become our memory.
  xz: ['--decompress', '--stdout', '--threads=1', '--memlimit-decompress=1GiB', '--quiet'],
  bzip2: ['--decompress', '--stdout', '--quiet'],
} as const

async function* runProgram(program: 'xz' | 'bzip2', input: Readable): AsyncGenerator<Buffer, void, undefined> {
  const { spawn } = await import('node:child_process')
  const child = spawn(program, programArguments[program], { stdio: ['pipe', 'pipe', 'pipe'] })
  let complaint = ''
  child.stderr.on('data', (chunk: Buffer) => {
    if (complaint.length < 4096) complaint += chunk.toString()
  })
  const ended = new Promise<{ code: number | null; error?: Error }>((resolve) => {
    child.once('error', (error) => resolve({ code: null, error }))
    child.once('close', (code) => resolve({ code }))
  })
  // The program's exit status says what went wrong; a broken pipe on our side only says that it went away.
  pipeline(input, child.stdin, () => {})
  try {
    yield* child.stdout as AsyncIterable<Buffer>
    const { code, error } = await ended
    if (error !== undefined) throw programError(program, error)
    if (code !== 0) throw new Error(complaint.trim() || `${program} ended with ${code}`)
  } finally {
    input.destroy()
    if (child.exitCode === null && child.pid !== undefined) child.kill('SIGKILL')
  }
}

function programError(program: string, error: Error): Error {
  if (!isErrno(error, 'ENOENT')) return error
  return new RocketError('PROGRAM_MISSING', {
    what: `the archive is compressed with ${program}, which is not installed`,
    hint: `apt-get install ${program === 'xz' ? 'xz-utils' : program}`,
    cause: error,
  })
}
