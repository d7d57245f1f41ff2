import * as os from 'os'

/** QuickJS has no TextEncoder: each byte is a character first. */
export function encodeUtf8(text: string): Uint8Array {
  return Uint8Array.from(unescape(encodeURIComponent(text)), (character) => character.charCodeAt(0))
}

/** Throws for bytes that are no UTF-8. */
export function decodeUtf8(bytes: Uint8Array): string {
  let text = ''
  for (let at = 0; at < bytes.length; at += 4096) text += String.fromCharCode(...bytes.subarray(at, at + 4096))
  return decodeURIComponent(escape(text))
}

/** All of it; what is not taken at once is tried again from where it stopped. Returns how many bytes went, fewer when the other end refuses. */
export function writeBytes(fd: number, bytes: Uint8Array): number {
  let sent = 0
  while (sent < bytes.length) {
    const count = os.write(fd, bytes.buffer as ArrayBuffer, bytes.byteOffset + sent, bytes.length - sent)
    if (count <= 0) break
    sent += count
  }
  return sent
}
