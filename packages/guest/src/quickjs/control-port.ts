import * as os from 'os'
import { guestLayout, RocketError, type GuestAnswer, type GuestRequest } from '@rocket/contracts/guest'
import { answerLine, refusal } from '../control.ts'
import type { GuestSystem } from '../guest-system.ts'
import { RequestLines } from '../request-lines.ts'
import { decodeUtf8, encodeUtf8, writeBytes } from './bytes.ts'
import { must } from './quickjs-system.ts'

const nonBlocking = 0o4000
const again = -11
/** How soon we look again for a host that has hung up, or room for an answer. */
const lookAgainMs = 50
/** Of answers that the host does not fetch. More are dropped: a host that does not read has lost its right to them. */
const mostUnsent = 256

/** Answers what comes in on the control port, one after the other. The host may come and go; nothing here waits for it. */
export function serveControlPort(path: string, system: GuestSystem, handle: (request: GuestRequest) => void): void {
  const fd = must(os.open(path, os.O_RDWR | nonBlocking), `open ${path}`)
  const unsent: Uint8Array[] = []
  const buffer = new Uint8Array(16384)

  const lines = new RequestLines(guestLayout.maxLineBytes, (line) => answer(answerOf(line, handle)), () => answer(refusal(0, tooLong())))
  function answer(value: GuestAnswer): void {
    if (unsent.length < mostUnsent) unsent.push(encodeUtf8(`${JSON.stringify(value)}\n`))
    if (unsent.length === 1) send()
  }
  function send(): void {
    for (let first = unsent[0]; first !== undefined; first = unsent[0]) {
      const sent = writeBytes(fd, first)
      if (sent < first.length) {
        unsent[0] = first.subarray(sent)
        return void system.after(lookAgainMs, send)
      }
      unsent.shift()
    }
  }
  function receive(): void {
    const count = os.read(fd, buffer.buffer, 0, buffer.length)
    if (count > 0) return lines.push(buffer.subarray(0, count))
    if (count === again) return
    // The host has hung up: the port stays readable, without anything to read.
    os.setReadHandler(fd, null)
    system.after(lookAgainMs, listen)
  }
  function listen(): void {
    os.setReadHandler(fd, receive)
  }
  listen()
}

function answerOf(line: Uint8Array, handle: (request: GuestRequest) => void): GuestAnswer {
  let text: string
  try {
    text = decodeUtf8(line)
  } catch {
    return refusal(0, new RocketError('GUEST_PROTOCOL', { what: 'a line is not UTF-8' }))
  }
  return answerLine(text, handle)
}

function tooLong(): RocketError {
  return new RocketError('GUEST_PROTOCOL', { what: `a line is longer than ${guestLayout.maxLineBytes} bytes` })
}
