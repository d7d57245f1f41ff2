import { RocketError } from '@rocket/contracts'
import type { HttpClient, HttpResponse } from '../http/http-client.ts'
import { isLoopbackHost } from '../http/redirect-guard.ts'
import { redactUrl } from '../http/redact-url.ts'
import { parseChallenges, type Challenge } from './challenge.ts'
import { basicAuthorization, type Login } from './login.ts'
import { requestToken, type Token, type TokenRequest } from './token-server.ts'

export interface AuthenticatorOptions {
  http: HttpClient
  /** `HOST[:PORT]`. */
  registry: string
  repository: string
  /** Asked for once, when the registry wants to know who we are. */
  login(): Promise<Login | undefined>
  /** Origins, besides the registry's own, that may be sent the login: `https://auth.example`. */
  tokenServers: readonly string[]
}

/** What may be done with a repository; more is asked for only when it is needed. */
export type Access = 'pull' | 'pull,push'

export interface Authenticator {
  /** What to send along now; undefined as long as the registry did not ask. */
  authorization(access: Access): Promise<string | undefined>
  /** After a 401: prepares `authorization`, or throws REGISTRY_UNAUTHORIZED. */
  challenged(response: HttpResponse, refused: Refused): Promise<void>
}

/** A request that was answered with 401. */
export interface Refused {
  /** Of the registry: `https://registry.example`. */
  origin: string
  access: Access
  /** What went along with it. */
  sent: string | undefined
  startedAtMs: number
}

/** Renewed this long before its end, so that it does not end on the way. */
const marginMs = 10_000

type Way =
  | { kind: 'fixed'; header: string }
  | { kind: 'token' } & Omit<TokenRequest, 'scope'>

/**
 * Who we are to one repository of a registry. Nothing is sent before it is asked for. A login goes to the origin that was asked and to the
 * token servers that the configuration names, over https or within this machine; a token server elsewhere is asked as anybody. Tokens are
 * kept until they expire. A registry that asks again for what it was just given is refused. Spec: distribution, "Token Authentication".
 */
export function createAuthenticator(options: AuthenticatorOptions): Authenticator {
  const { http, registry, repository } = options
  const name = `${registry}/${repository}`
  let way: Way | undefined
  let login: Promise<Login | undefined> | undefined
  const tokens = new Map<Access, { wanted: Promise<Token>; askedAtMs: number; expiresAtMs: number }>()

  const tokenFor = (known: Extract<Way, { kind: 'token' }>, access: Access): Promise<Token> => {
    const held = tokens.get(access)
    if (held !== undefined && held.expiresAtMs - marginMs > Date.now()) return held.wanted
    const wanted = requestToken(http, { ...known, scope: `repository:${repository}:${access}` })
    const entry = { wanted, askedAtMs: Date.now(), expiresAtMs: Infinity }
    tokens.set(access, entry)
    wanted.then(({ expiresAtMs }) => { entry.expiresAtMs = expiresAtMs }, () => tokens.delete(access))
    return wanted
  }
  const headerOf = async (known: Way, access: Access): Promise<string> => (
    known.kind === 'fixed' ? known.header : `Bearer ${(await tokenFor(known, access)).value}`
  )

  return {
    authorization: async (access) => (way === undefined ? undefined : headerOf(way, access)),
    challenged: async (response, { origin, access, sent, startedAtMs }) => {
      if (way !== undefined) {
        // Another request that was under way has found out in the meantime.
        if (sent !== await headerOf(way, access)) return
        const held = tokens.get(access)
        if (way.kind === 'fixed' || held === undefined || held.askedAtMs >= startedAtMs) throw askedAgain(name)
        // It was good before: the server's clock, or its memory, differs from ours.
        tokens.delete(access)
        return
      }
      const challenges = parseChallenges(response.headers['www-authenticate'] ?? '')
      const bearer = challenges.find(({ scheme }) => scheme === 'bearer')
      const basic = challenges.find(({ scheme }) => scheme === 'basic')
      login ??= options.login()
      const found = await login
      if (found?.kind === 'bearer' && (bearer ?? basic) !== undefined) {
        way = { kind: 'fixed', header: `Bearer ${found.token}` }
        return requirePrivate(origin, name)
      }
      if (bearer !== undefined) {
        checkScope(bearer, repository, name)
        way = planToken(bearer, { name, origin, tokenServers: options.tokenServers, login: found?.kind === 'bearer' ? undefined : found })
        return
      }
      if (basic === undefined) throw refused(name, 'it does not say how to log in', 'is this a registry?')
      if (found === undefined) throw refused(name, 'no credentials are configured for this registry', whereCredentialsGo)
      if (found.kind !== 'basic') throw refused(name, 'it wants a user and a password, and a token is configured', whereCredentialsGo)
      requirePrivate(origin, name)
      way = { kind: 'fixed', header: basicAuthorization(found.user, found.password) }
    },
  }
}

interface TokenPlan {
  name: string
  origin: string
  tokenServers: readonly string[]
  login: TokenRequest['login']
}

/** Which token server is asked, and whether it is told who we are. Pure. */
function planToken(challenge: Challenge, { name, origin, tokenServers, login }: TokenPlan): Way {
  const realm = URL.parse(challenge.parameters.get('realm') ?? '')
  if (realm === null || (realm.protocol !== 'https:' && realm.protocol !== 'http:')) {
    throw refused(name, 'the token server that it names is not a URL')
  }
  if (realm.username !== '' || realm.password !== '') throw refused(name, 'the token server that it names comes with credentials')
  const isFromHere = isLoopbackHost(new URL(origin).hostname)
  const isHere = isLoopbackHost(realm.hostname)
  const shown = `the token server ${redactUrl(realm)}`
  if (isHere && !isFromHere) throw refused(name, `${shown} is an address of this machine or its link`)
  const isPrivate = realm.protocol === 'https:' || isHere
  if (!isPrivate && (login !== undefined || origin.startsWith('https:'))) {
    throw refused(name, `${shown} speaks plain http, where anyone can read what it says`)
  }
  realm.hash = ''
  if (login !== undefined && realm.origin !== origin && !tokenServers.includes(realm.origin)) {
    throw refused(
      name, `it wants the credentials to be sent to ${realm.origin}, which the configuration does not name`,
      `if that is right, name it in tokenServers of this registry, in registries.d`,
    )
  }
  return { kind: 'token', realm, namedBy: origin, service: challenge.parameters.get('service'), login }
}

/** We ask for what we need whatever the challenge says; one that speaks of another repository is after something else. */
function checkScope(challenge: Challenge, repository: string, name: string): void {
  for (const scope of (challenge.parameters.get('scope') ?? '').split(' ').filter((part) => part !== '')) {
    const [type, ...rest] = scope.split(':')
    if (type === 'repository' && rest.slice(0, -1).join(':') !== repository) {
      const wanted = JSON.stringify(scope.slice(0, 200))
      throw refused(name, `it wants a token for ${wanted}, which is another repository`, 'do not trust where it came from')
    }
  }
}

function requirePrivate(origin: string, name: string): void {
  const { protocol, hostname } = new URL(origin)
  if (protocol === 'https:' || isLoopbackHost(hostname)) return
  throw new RocketError('REGISTRY_UNAUTHORIZED', {
    what: `the credentials for ${name} were not sent`, why: 'the connection is plain http, where anyone can read them',
    hint: 'use https; --insecure-options=tls accepts a certificate that cannot be verified',
  })
}

const whereCredentialsGo = 'put them into a file of kind dockerAuth in /etc/rkt/auth.d, or log in with docker login'

function askedAgain(name: string): RocketError {
  return refused(
    name, 'bad HTTP status code: 401, after it was sent what it had asked for', 'the configured credentials do not allow this: correct them',
  )
}

function refused(name: string, why: string, hint?: string): RocketError {
  return new RocketError('REGISTRY_UNAUTHORIZED', {
    what: `${name} cannot be used without logging in`, why, ...(hint === undefined ? {} : { hint }),
  })
}
