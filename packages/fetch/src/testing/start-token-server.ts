import { randomUUID, sign, X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { TestContext } from 'node:test'
import type { Certificates } from './make-certificates.ts'

export interface TokenServer {
  /** `https://127.0.0.1:PORT/token`. */
  realm: string
  service: string
  issuer: string
  asked: { method: string; authorization: string | undefined; parameters: Record<string, string> }[]
}

export interface TokenServerOptions {
  /** Who may pull what: by user, the repositories; the empty user is anybody. */
  mayPull: Record<string, readonly string[]>
  passwords: Record<string, string>
  /** Identity tokens, by their value the user. */
  identities?: Record<string, string>
  lifetimeSeconds?: number
}

/** Signs tokens that docker-registry accepts, with the key of the server's certificate. Spec: distribution, "Token Authentication". */
export async function startTokenServer(t: Pick<TestContext, 'after'>, { server: pair }: Certificates, options: TokenServerOptions): Promise<TokenServer> {
  const [key, cert] = [readFileSync(pair.key, 'utf8'), readFileSync(pair.cert, 'utf8')]
  const asked: TokenServer['asked'] = []
  const [service, issuer] = ['the registry', 'the token server']
  const server = createServer({ key, cert }, async (request, response) => {
    const url = new URL(request.url ?? '', 'https://x')
    const body = request.method === 'POST' ? (await request.toArray()).join('') : ''
    const parameters = Object.fromEntries(request.method === 'POST' ? new URLSearchParams(body) : url.searchParams)
    const { authorization } = request.headers
    asked.push({ method: request.method ?? '', authorization, parameters })
    const user = whoIs(authorization, parameters, options)
    if (user === undefined) return void response.writeHead(401).end()
    const [type = '', name = '', actions = ''] = (parameters['scope'] ?? '').split(':')
    const access = (options.mayPull[user] ?? []).includes(name) ? [{ type, name, actions: actions.split(',') }] : []
    const now = Math.floor(Date.now() / 1000)
    const lifetime = options.lifetimeSeconds ?? 300
    const token = jwt({ iss: issuer, sub: user, aud: service, iat: now, nbf: now - 5, exp: now + lifetime, jti: randomUUID(), access }, key, cert)
    response.setHeader('content-type', 'application/json').end(JSON.stringify({ token, expires_in: lifetime, issued_at: new Date().toISOString() }))
  }).listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  return { realm: `https://127.0.0.1:${(server.address() as AddressInfo).port}/token`, service, issuer, asked }
}

function whoIs(authorization: string | undefined, parameters: Record<string, string>, { passwords, identities = {} }: TokenServerOptions): string | undefined {
  if (parameters['refresh_token'] !== undefined) return identities[parameters['refresh_token']]
  if (authorization === undefined) return ''
  const [user = '', password] = Buffer.from(authorization.replace(/^Basic /, ''), 'base64').toString().split(':')
  return passwords[user] === password ? user : undefined
}

function jwt(claims: object, key: string, cert: string): string {
  const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')
  const head = encode({ typ: 'JWT', alg: 'ES256', x5c: [new X509Certificate(cert).raw.toString('base64')] })
  const signed = `${head}.${encode(claims)}`
  return `${signed}.${sign('sha256', Buffer.from(signed), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`
}
