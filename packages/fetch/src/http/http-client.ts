import { isRocketError, RocketError } from '@rocket/contracts'
import { Agent, EnvHttpProxyAgent, request, type Dispatcher } from 'undici'
import { checkRedirect, guardedLookup, isLoopbackHost } from './redirect-guard.ts'
import { redactUrl } from './redact-url.ts'
import { defaultProgressLimits, stalled, watchProgress, type ProgressLimits } from './watch-progress.ts'

export interface HttpOptions {
  /** `--insecure-options=http`: plain http where https was meant. A URL that the user wrote with http needs nothing. */
  allowHttp: boolean
  /** `--insecure-options=tls`: certificates are not checked. */
  skipTlsVerify: boolean
  userAgent?: string
  limits?: ProgressLimits
}

export interface HttpRequest {
  headers?: Readonly<Record<string, string>>
  /** Sent to the first host only, never after a redirect to another one, and over https only, or within this machine. */
  authorization?: string | undefined
  signal?: AbortSignal | undefined
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
  get(url: string, options?: HttpRequest): Promise<HttpResponse>
  close(): Promise<void>
}

const maxRedirects = 10
const redirectStatus = new Set([301, 302, 303, 307, 308])

/**
 * GET over https and http with redirects followed by our own rules. Throws REGISTRY_UNREACHABLE, REGISTRY_STALLED,
 * REGISTRY_REDIRECT_REFUSED; statuses are left to the caller. Messages hold no credentials and no queries. Reference: rkt, "HTTP(S)".
 */
export function createHttpClient(options: HttpOptions): HttpClient {
  const limits = options.limits ?? defaultProgressLimits
  const direct = makeDispatcher(options, limits, false)
  const guarded = makeDispatcher(options, limits, true)
  const get = async (text: string, { headers = {}, authorization, signal }: HttpRequest = {}): Promise<HttpResponse> => {
    const first = new URL(text)
    const fromLocal = isLoopbackHost(first.hostname)
    let url = first
    for (let hops = 0; ; hops += 1) {
      const sameHost = url.host === first.host && url.protocol === first.protocol
      const mayAuthorize = sameHost && (url.protocol === 'https:' || fromLocal)
      const sent = {
        'user-agent': options.userAgent ?? userAgent(), ...headers,
        ...(mayAuthorize && authorization !== undefined ? { authorization } : {}),
      }
      const answer = await send(url, { headers: sent, signal, dispatcher: sameHost || fromLocal ? direct : guarded })
      const location = answer.headers['location']
      if (!redirectStatus.has(answer.statusCode) || typeof location !== 'string') return toResponse(answer, url, limits)
      await answer.body.dump().catch(() => {})
      if (hops === maxRedirects) {
        throw new RocketError('REGISTRY_REDIRECT_REFUSED', {
          what: 'too many redirects', why: `${redactUrl(first)} led from one place to the next ${hops} times`,
        })
      }
      url = checkRedirect(url, location, { allowHttp: options.allowHttp, fromLocal })
    }
  }
  return { get, close: async () => void (await Promise.all([direct.destroy(), guarded.destroy()])) }
}

function makeDispatcher(options: HttpOptions, limits: ProgressLimits, guardsNames: boolean): Dispatcher {
  const connect = { timeout: 15_000, rejectUnauthorized: !options.skipTlsVerify, ...(guardsNames ? { lookup: guardedLookup } : {}) }
  const settings = { connect, headersTimeout: limits.silenceMs, bodyTimeout: limits.silenceMs, connections: 8 }
  const hasProxy = ['http_proxy', 'https_proxy', 'HTTP_PROXY', 'HTTPS_PROXY'].some((name) => (process.env[name] ?? '') !== '')
  return hasProxy ? new EnvHttpProxyAgent({ ...settings, requestTls: { rejectUnauthorized: !options.skipTlsVerify } }) : new Agent(settings)
}

interface Sending {
  headers: Record<string, string>
  signal: AbortSignal | undefined
  dispatcher: Dispatcher
}

async function send(url: URL, { headers, signal, dispatcher }: Sending): Promise<Dispatcher.ResponseData> {
  try {
    return await request(url, { method: 'GET', headers, dispatcher, ...(signal === undefined ? {} : { signal }) })
  } catch (error) {
    throw transferError(url, error)
  }
}

function toResponse(answer: Dispatcher.ResponseData, url: URL, limits: ProgressLimits): HttpResponse {
  const headers: Record<string, string | undefined> = {}
  for (const [name, value] of Object.entries(answer.headers)) headers[name] = Array.isArray(value) ? value.join(', ') : value
  const from = redactUrl(url)
  const body = answer.body
  body.on('error', () => {})
  return {
    status: answer.statusCode, headers, from,
    body: watchProgress(coded(body as AsyncIterable<Buffer>, url), from, limits),
    discard: () => void body.dump().catch(() => {}),
  }
}

async function* coded(body: AsyncIterable<Buffer>, url: URL): AsyncGenerator<Buffer, void, undefined> {
  const iterator = body[Symbol.asyncIterator]()
  try {
    for (;;) {
      let next: IteratorResult<Buffer>
      try {
        next = await iterator.next()
      } catch (error) {
        throw transferError(url, error)
      }
      if (next.done === true) return
      yield next.value
    }
  } finally {
    await iterator.return?.()
  }
}

/** What undici threw, without the parts of a request that are secret. */
function transferError(url: URL, error: unknown): RocketError {
  const from = redactUrl(url)
  const found = innermost(error)
  if (isRocketError(found)) return found
  const code = codeOf(found)
  if (code === 'UND_ERR_HEADERS_TIMEOUT' || code === 'UND_ERR_BODY_TIMEOUT') return stalled(from, 'nothing came any more')
  const why = code === 'UND_ERR_SOCKET' ? 'the server closed the connection in the middle'
    : code === 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH' ? 'the answer has another length than it said'
    : found instanceof Error ? found.message : String(found)
  return new RocketError('REGISTRY_UNREACHABLE', {
    what: `cannot read from ${from}`, why: code === '' || why.includes(code) ? why : `${why} (${code})`, cause: found, ...hintFor(code),
  })
}

function hintFor(code: string): { hint?: string } {
  if (/CERT|SELF_SIGNED|UNABLE_TO_(VERIFY|GET)/.test(code)) return {
    hint: 'install the certificate of its authority; --insecure-options=tls goes without the check',
  }
  if (/^ERR_SSL|EPROTO/.test(code)) return { hint: 'it may only speak plain http, which --insecure-options=http allows' }
  return { hint: 'check the name and the network, then run the command again' }
}

function innermost(error: unknown): unknown {
  const inner = error instanceof AggregateError ? error.errors[0] as unknown : error instanceof Error ? error.cause : undefined
  return inner === undefined ? error : innermost(inner)
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : ''
}

function userAgent(): string {
  return 'rkt/0.1.0'
}

