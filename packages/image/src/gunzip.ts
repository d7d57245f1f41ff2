import { type Inflated, native } from '@rocket/host'

const pieceBytes = 256 * 1024

/**
 * Inflates gzip, of one member or several. The next piece is inflated in the thread pool while the one before is in use: there are two
 * buffers, and a piece may be used until the next is asked for, as may those of `source`. Zeros after the last member are ignored, with all
 * that follows them. Throws an Error in zlib's words for damage, and when the end is missing; `checks` says whether gzip's checksum counts.
 */
export async function* gunzip(source: AsyncIterable<Buffer>, checks: boolean): AsyncGenerator<Buffer, void, undefined> {
  const stream = native().inflateBegin(checks)
  const buffers = [Buffer.allocUnsafeSlow(pieceBytes), Buffer.allocUnsafeSlow(pieceBytes)] as const
  let turn = 0
  const inflate = (input: Buffer): { output: Buffer; found: Promise<Inflated> } => {
    const output = buffers[turn++ & 1]!
    const found = native().inflate(stream, input, output)
    // Whoever asks for the next piece hears of it; if nobody does, nobody need.
    found.catch(() => {})
    return { output, found }
  }
  let running: ReturnType<typeof inflate> | undefined
  let ended = false
  try {
    for await (let input of source) {
      while (input.length > 0 || running !== undefined) {
        if (ended && input[0] === 0) return
        const { output, found } = running ?? inflate(input)
        const { read, written, ended: isEnd } = await found
        ended = isEnd
        input = input.subarray(read)
        // A full buffer may not be all that came of the input so far.
        running = !ended && (input.length > 0 || written === output.length) ? inflate(input) : undefined
        if (written > 0) yield output.subarray(0, written)
      }
    }
  } finally {
    // As long as it runs it writes into a buffer of ours.
    await running?.found.catch(() => {})
  }
  if (!ended) throw new Error('unexpected end of file')
}
