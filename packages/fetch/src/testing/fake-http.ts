import type { HttpClient, HttpResponse, HttpSending } from '../http/http-client.ts'

export type Asked = HttpSending & { url: string }

export interface Answer {
  status: number
  headers?: Record<string, string>
  body?: string
}

/**
 * The edge of the network, for servers that cannot be had on this machine: https elsewhere. What `answer` throws is a failed connection.
 */
export function fakeHttp(answer: (asked: Asked) => Answer): { http: HttpClient; asked: Asked[] } {
  const asked: Asked[] = []
  const send: HttpClient['send'] = (url, sending) => {
    const request = { url, ...sending }
    asked.push(request)
    return Promise.resolve().then(() => toResponse(url, answer(request)))
  }
  return { asked, http: { send, get: (url, options = {}) => send(url, { ...options, method: 'GET' }), close: () => Promise.resolve() } }
}

function toResponse(from: string, { status, headers = {}, body = '' }: Answer): HttpResponse {
  const bytes = (async function* () { yield Buffer.from(body) })()
  return { status, headers, from, body: bytes, discard: () => {} }
}
