import { Readable } from 'node:stream'
import { RocketError } from '@rocket/contracts'
import { request, type Dispatcher } from 'undici'
import { createDispatchers, type ConnectionOptions } from './dispatchers.ts'
import { checkRedirect, isLoopbackHost } from './redirect-guard.ts'
import { redactUrl } from './redact-url.ts'
import { defaultRetryPolicy, withRetry, type RetryPolicy } from './retry.ts'
import { transferError } from './transfer-error.ts'
import { defaultProgressLimits, watchProgress, type ProgressLimits } from './watch-progress.ts'

export interface HttpOptions {
  /** `--insecure-options=http`: plain http where https was meant. A URL that the user wrote with http needs nothing. */
  allowHttp: boolean
  /** `--insecure-options=tls`: certificates are not checked. */
  skipTlsVerify: boolean
  userAgent?: string
  limits?: ProgressLimits
  retry?: RetryPolicy
  /** Certificates by `HOST[:PORT]`. */
  tlsOf?: ConnectionOptions['tlsOf']
  /** Ends every transfer, with its reason. */
  deadline?: AbortSignal
}

export interface HttpRequest {
  headers?: Readonly<Record<string, string>>
  /** Sent to the first host only, never after a redirect to another one, and over https only, or within this machine. */
  authorization?: string | undefined
  signal?: AbortSignal | undefined
  /** The page that named this URL: asking for it counts as being sent there by that page. */
  namedBy?: string | undefined
  /** May redirects lead to plain http: for this request alone, beside what the client was made with. */
  allowHttp?: boolean | undefined
}

export interface HttpSending extends HttpRequest {
  method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  body?: Buffer | string | AsyncIterable<Buffer> | undefined
}

export interface HttpResponse {
  status: number
  headers: Readonly<Record<string, string | undefined>>
  /** Where the answer came from, after redirects; without credentials. */
  from: string
  /** To be read to its end, or discarded. */
  body: AsyncIterable<Buffer>
  discard(): void
}

export interface HttpClient {
  /** Follows redirects, and asks again where that may help. */
  get(url: string, options?: HttpRequest): Promise<HttpResponse>
  /** GET and HEAD as `get` does; anything else is sent once, and a redirect is the caller's to see. */
  send(url: string, options: HttpSending): Promise<HttpResponse>
  close(): Promise<void>
}

const maxRedirects = 10
const redirectStatus = new Set([301, 302, 303, 307, 308])

/**
 * http over TLS and without, redirects followed by our own rules. Throws REGISTRY_UNREACHABLE, REGISTRY_STALLED, REGISTRY_REDIRECT_REFUSED,
 * REGISTRY_ANSWER_INVALID; statuses are left to the caller. Messages hold no credentials and no queries. Reference: rkt, "HTTP(S)".
 */
export function createHttpClient(options: HttpOptions): HttpClient {
  const limits = options.limits ?? defaultProgressLimits
  const retry = options.retry ?? defaultRetryPolicy
  const dispatchers = createDispatchers({ skipTlsVerify: options.skipTlsVerify, limits, tlsOf: options.tlsOf })
  const sendOnce = async (text: string, sending: HttpSending, signal: AbortSignal | undefined): Promise<HttpResponse> => {
    const { method, headers = {}, authorization, body } = sending
    const first = new URL(text)
    const origin = sending.namedBy === undefined ? first : new URL(sending.namedBy)
    const fromLocal = isLoopbackHost(origin.hostname)
    const allowHttp = options.allowHttp || sending.allowHttp === true
    let url = first
    for (let hops = 0; ; hops += 1) {
      const sameHost = isSameHost(url, first)
      const mayAuthorize = sameHost && (url.protocol === 'https:' || isLoopbackHost(url.hostname))
      const sent = {
        'user-agent': options.userAgent ?? userAgent(), ...headers,
        ...(mayAuthorize && authorization !== undefined ? { authorization } : {}),
      }
      const dispatcher = dispatchers.for(url, !isSameHost(url, origin) && !fromLocal)
      const answer = await dispatch(url, { method, headers: sent, body, signal, dispatcher })
      const location = answer.headers['location']
      const isFinal = !redirectStatus.has(answer.statusCode) || typeof location !== 'string' || (method !== 'GET' && method !== 'HEAD')
      if (isFinal) return toResponse(answer, url, { limits, signal })
      // Not waited for: what comes with a redirect may come for ever.
      discard(answer)
      if (hops === maxRedirects) {
        throw new RocketError('REGISTRY_REDIRECT_REFUSED', {
          what: 'too many redirects', why: `${redactUrl(first)} led from one place to the next ${hops} times`,
        })
      }
      url = checkRedirect(url, location, { allowHttp, fromLocal })
    }
  }
  const send = (url: string, sending: HttpSending): Promise<HttpResponse> => {
    const signal = joinSignals(sending.signal, options.deadline)
    const isRepeatable = sending.method === 'GET' || sending.method === 'HEAD'
    return isRepeatable ? withRetry(retry, signal, () => sendOnce(url, sending, signal)) : sendOnce(url, sending, signal)
  }
  return { get: (url, request = {}) => send(url, { ...request, method: 'GET' }), send, close: () => dispatchers.close() }
}

function isSameHost(one: URL, other: URL): boolean {
  return one.host === other.host && one.protocol === other.protocol
}

function joinSignals(...signals: (AbortSignal | undefined)[]): AbortSignal | undefined {
  const given = signals.filter((signal) => signal !== undefined)
  return given.length < 2 ? given[0] : AbortSignal.any(given)
}

interface Dispatching {
  method: HttpSending['method']
  headers: Record<string, string>
  body: HttpSending['body']
  signal: AbortSignal | undefined
  dispatcher: Dispatcher
}

async function dispatch(url: URL, { method, headers, body, signal, dispatcher }: Dispatching): Promise<Dispatcher.ResponseData> {
  try {
    const sent = body === undefined || typeof body === 'string' || Buffer.isBuffer(body) ? body : Readable.from(body, { objectMode: false })
    return await request(url, {
      method, headers, dispatcher, ...(sent === undefined ? {} : { body: sent }), ...(signal === undefined ? {} : { signal }),
    })
  } catch (error) {
    throw transferError(url, error, signal)
  }
}

function toResponse(
  answer: Dispatcher.ResponseData, url: URL, { limits, signal }: { limits: ProgressLimits; signal: AbortSignal | undefined },
): HttpResponse {
  const headers: Record<string, string | undefined> = {}
  for (const [name, value] of Object.entries(answer.headers)) headers[name] = Array.isArray(value) ? value.join(', ') : value
  const from = redactUrl(url)
  const body = answer.body
  body.on('error', () => {})
  return {
    status: answer.statusCode, headers, from,
    body: watchProgress(coded(body as AsyncIterable<Buffer>, url, signal), from, limits),
    discard: () => discard(answer),
  }
}

/** A short rest is read, so that the connection can be used again; a long one ends it. */
function discard({ body }: Dispatcher.ResponseData): void {
  void body.dump({ limit: 16 * 1024 }).catch(() => {})
}

async function* coded(body: AsyncIterable<Buffer>, url: URL, signal: AbortSignal | undefined): AsyncGenerator<Buffer, void, undefined> {
  const iterator = body[Symbol.asyncIterator]()
  try {
    for (;;) {
      let next: IteratorResult<Buffer>
      try {
        next = await iterator.next()
      } catch (error) {
        throw transferError(url, error, signal)
      }
      if (next.done === true) return
      yield next.value
    }
  } finally {
    await iterator.return?.()
  }
}

function userAgent(): string {
  return 'rkt/0.1.0'
}
