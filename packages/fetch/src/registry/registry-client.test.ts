import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { isRocketError, RocketError } from '@rocket/contracts'
import { createHttpClient, type HttpClient } from '../http/http-client.ts'
import { fakeHttp, type Answer, type Asked } from '../testing/fake-http.ts'
import { createAuthenticator } from './authenticate.ts'
import type { Login } from './login.ts'
import { createRegistryClient, type RegistryClient } from './registry-client.ts'

const options = { registry: 'registry.example', repository: 'app' }

function open(http: HttpClient, more: { registry?: string; allowHttp?: boolean; login?: Login | undefined } = {}): RegistryClient {
  const { allowHttp = true, login = { kind: 'basic', user: 'someone', password: 'topsecret' }, ...place } = { ...options, ...more }
  const authenticator = createAuthenticator({ http, ...place, tokenServers: [], login: () => Promise.resolve('login' in more ? more.login : login) })
  return createRegistryClient({ http, ...place, allowHttp, authenticator })
}

/** Answers 401 with this challenge until something is sent, then 200. */
const challenging = (challenge: string) => ({ authorization }: Asked): Answer => (
  authorization === undefined ? { status: 401, headers: { 'www-authenticate': challenge } } : { status: 200, body: '{}' }
)

test('sends credentials when asked, and from then on', async () => {
  const { http, asked } = fakeHttp(challenging('Basic realm="x"'))
  const registry = open(http)
  await registry.getManifest('v1')
  await registry.getBlob(`sha256:${'a'.repeat(64)}`)
  const basic = 'Basic c29tZW9uZTp0b3BzZWNyZXQ='
  assert.deepEqual(asked.map(({ authorization }) => authorization), [undefined, basic, basic])
  assert.equal(asked[1]?.url, 'https://registry.example/v2/app/manifests/v1')
})

for (const [what, challenge, more, text] of [
  ['no challenge', '', {}, /does not say how/],
  ['a challenge for which there is nothing', 'Basic realm="x"', { login: undefined }, /no credentials are configured/],
  ['a challenge that an identity token does not answer', 'Basic realm="x"', { login: { kind: 'identity', token: 'topsecret' } }, /wants a user/],
] as const) {
  test(`sends nothing to a registry that answers with ${what}`, async () => {
    const { http, asked } = fakeHttp(challenging(challenge))
    await assert.rejects(open(http, more).getManifest('v1'), (error) => isRocketError(error, 'REGISTRY_UNAUTHORIZED') && text.test(error.message))
    assert.deepEqual(asked.map((request) => request.authorization), [undefined])
  })
}

const onlyPlain = (answer: (asked: Asked) => Answer) => (asked: Asked): Answer => {
  if (asked.url.startsWith('https:')) throw new RocketError('REGISTRY_UNREACHABLE', { what: 'refused' })
  return answer(asked)
}

test('sends no credentials over plain http, but within this machine', async () => {
  const { http, asked } = fakeHttp(onlyPlain(challenging('Basic')))
  await assert.rejects(
    open(http).getManifest('v1'),
    (error) => isRocketError(error, 'REGISTRY_UNAUTHORIZED') && /were not sent/.test(error.message),
  )
  assert.deepEqual(asked.map(({ url, authorization }) => [url.slice(0, 5), authorization]), [['https', undefined], ['http:', undefined]])
  await open(http, { registry: '127.0.0.1:5000' }).getManifest('v1')
})

test('does not try plain http unless it was allowed', async () => {
  const { http, asked } = fakeHttp(onlyPlain(challenging('Basic')))
  await assert.rejects(open(http, { allowHttp: false }).getManifest('v1'), (error) => isRocketError(error, 'REGISTRY_UNREACHABLE'))
  assert.deepEqual(asked.map(({ url }) => url.slice(0, 6)), ['https:'])
})

test('refuses a certificate that nobody vouches for, even where plain http is allowed, unless told not to look', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'rocket-tls-'))
  t.after(() => rmSync(directory, { recursive: true, force: true }))
  const [key, cert] = [join(directory, 'key'), join(directory, 'cert')]
  execFileSync(
    'openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-subj', '/CN=localhost', '-days', '1', '-keyout', key, '-out', cert],
    { stdio: 'pipe' },
  )
  const server = createServer(
    { key: readFileSync(key), cert: readFileSync(cert) }, (_, response) => response.end('{}'),
  ).listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`
  for (const skipTlsVerify of [false, true]) {
    const http = createHttpClient({ allowHttp: false, skipTlsVerify })
    t.after(() => http.close())
    const manifest = open(http, { registry: host }).getManifest('v1')
    if (skipTlsVerify) assert.equal((await manifest).bytes.toString(), '{}')
    else await assert.rejects(
      manifest, (error) => isRocketError(error, 'REGISTRY_UNREACHABLE') && /--insecure-options=tls/.test(error.hint ?? ''),
    )
  }
})
