import { RocketError, scanJson } from '@rocket/contracts'
import type { HttpClient, HttpResponse } from '../http/http-client.ts'
import { readBody } from '../http/read-body.ts'
import { redactUrl } from '../http/redact-url.ts'
import { basicAuthorization, type Login } from './login.ts'

export interface TokenRequest {
  /** Of the token server: checked by the caller. */
  realm: URL
  /** The origin of the registry that named it: what it may not lead us to, its token server may not either. */
  namedBy: string
  service: string | undefined
  /** `repository:NAME:pull`. */
  scope: string
  /** Absent: as anybody. */
  login: Exclude<Login, { kind: 'bearer' }> | undefined
}

export interface Token {
  value: string
  /** On the clock of `Date.now`. */
  expiresAtMs: number
}

const maxAnswerBytes = 64 * 1024
/** What the specification says a token lives that does not say. */
const defaultLifetimeSeconds = 60
const longestLifetimeSeconds = 24 * 3600

/**
 * Asks a token server: with GET, which all of them know, or POST when we hold an identity token. Throws REGISTRY_UNAUTHORIZED,
 * REGISTRY_FAILED, REGISTRY_ANSWER_INVALID. Spec: distribution, "Token Authentication" and "OAuth2 Token Authentication".
 */
export async function requestToken(http: HttpClient, request: TokenRequest): Promise<Token> {
  const asked = Date.now()
  const response = await ask(http, request)
  const shown = redactUrl(request.realm)
  if (response.status !== 200) {
    response.discard()
    throw refused(shown, response.status, request.login !== undefined)
  }
  const { token, access_token: accessToken, expires_in: lifetime } = parseAnswer(await readBody(response, maxAnswerBytes), shown)
  const value = typeof token === 'string' && token !== '' ? token : accessToken
  if (typeof value !== 'string' || !/^[\x21-\x7e]+$/.test(value)) throw invalid(shown, 'it holds no token')
  const seconds = typeof lifetime === 'number' && lifetime > 0 ? Math.min(lifetime, longestLifetimeSeconds) : defaultLifetimeSeconds
  return { value, expiresAtMs: asked + seconds * 1000 }
}

function ask(http: HttpClient, { realm, namedBy, service, scope, login }: TokenRequest): Promise<HttpResponse> {
  const known = service === undefined ? {} : { service }
  if (login?.kind === 'identity') {
    const form = new URLSearchParams({ grant_type: 'refresh_token', ...known, client_id: 'rkt', scope, refresh_token: login.token })
    const headers = { 'content-type': 'application/x-www-form-urlencoded' }
    return http.send(realm.href, { method: 'POST', headers, body: form.toString(), namedBy })
  }
  const url = new URL(realm)
  for (const [name, value] of Object.entries({ ...known, scope })) url.searchParams.append(name, value)
  return http.get(url.href, { namedBy, ...(login === undefined ? {} : { authorization: basicAuthorization(login.user, login.password) }) })
}

interface TokenAnswer {
  token?: unknown
  access_token?: unknown
  expires_in?: unknown
}

/** No message quotes it: it is a secret. */
function parseAnswer(bytes: Buffer, shown: string): TokenAnswer {
  const text = bytes.toString('utf8')
  const { fault, repeated, reserved } = scanJson(text)
  if (fault !== undefined || repeated !== undefined || reserved !== undefined) throw invalid(shown, 'it is not JSON, or gives a key twice')
  const value: unknown = JSON.parse(text)
  return typeof value === 'object' && value !== null ? value : {}
}

function refused(shown: string, status: number, withLogin: boolean): RocketError {
  const isDenied = status === 401 || status === 403 || status === 400
  return new RocketError(isDenied ? 'REGISTRY_UNAUTHORIZED' : 'REGISTRY_FAILED', {
    what: `the token server ${shown} gave no token`, why: `bad HTTP status code: ${status}`,
    hint: !isDenied ? 'it may pass: try again later' : withLogin ? 'the configured credentials were refused: correct them'
      : 'it may want credentials: a file of kind dockerAuth in /etc/rkt/auth.d, or docker login',
  })
}

function invalid(shown: string, why: string): RocketError {
  return new RocketError('REGISTRY_ANSWER_INVALID', { what: `the answer of the token server ${shown} was not used`, why })
}
