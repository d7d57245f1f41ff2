import { closeSync, openSync, readSync } from 'node:fs'
import type { MessagePort } from 'node:worker_threads'
import type { UnpackNews } from './messages.ts'

const pieceBytes = 512 * 1024

/**
 * The bytes of a file that another thread is writing, as far as it has told on the port. A piece may be used until the next is asked for.
 * Throws when it says that the rest will not come.
 */
export async function* readGrowingFile(path: string, port: MessagePort): AsyncGenerator<Buffer, void, undefined> {
  const piece = Buffer.allocUnsafeSlow(pieceBytes)
  const fd = openSync(path, 'r')
  let known = 0
  let end: 'complete' | 'stopped' | undefined
  let wake = (): void => {}
  port.on('message', (news: UnpackNews) => {
    if (news.kind === 'grown') known = news.bytes
    else end = news.kind
    wake()
  })
  try {
    for (let position = 0; ;) {
      if (end === 'stopped') throw new Error('the rest of the layer does not come')
      const length = Math.min(pieceBytes, known - position)
      if (length > 0) {
        const read = readSync(fd, piece, 0, length, position)
        if (read === 0) throw new Error(`${path} is shorter than what was written to it`)
        position += read
        yield piece.subarray(0, read)
      } else if (end === 'complete') return
      else
        await new Promise<void>((resolve) => {
          wake = resolve
        })
    }
  } finally {
    closeSync(fd)
  }
}
