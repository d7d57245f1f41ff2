import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isRocketError } from '@rocket/contracts'
import { fakeHttp, type Answer, type Asked } from '../testing/fake-http.ts'
import { createAuthenticator } from './authenticate.ts'
import type { Login } from './login.ts'
import { createRegistryClient, type RegistryClient } from './registry-client.ts'

const someone: Login = { kind: 'basic', user: 'someone', password: 'topsecret' }
const basic = 'Basic c29tZW9uZTp0b3BzZWNyZXQ='

interface World {
  client: RegistryClient
  asked: Asked[]
}

/** A registry that wants tokens, and what answers at other places; by default a token server that gives `t1`, `t2`, … */
function makeWorld(challenge: string, more: {
  login?: Login | undefined; tokenServers?: string[]; expiresIn?: number; registry?: string; accepts?: (header: string) => boolean; token?: (asked: Asked) => Answer
} = {}): World {
  let given = 0
  const token = more.token ?? ((): Answer => {
    given += 1
    return { status: 200, body: JSON.stringify({ token: `t${given}`, expires_in: more.expiresIn ?? 300 }) }
  })
  const registry = more.registry ?? 'registry.example'
  const { http, asked } = fakeHttp((request) => {
    if (!request.url.includes('/v2/')) return token(request)
    const accepted = request.authorization?.startsWith('Bearer ') === true && (more.accepts ?? (() => true))(request.authorization)
    return accepted ? { status: 200, body: '{}' } : { status: 401, headers: { 'www-authenticate': challenge } }
  })
  const place = { registry, repository: 'team/app' }
  const authenticator = createAuthenticator({
    http, ...place, tokenServers: more.tokenServers ?? [], login: () => Promise.resolve('login' in more ? more.login : someone),
  })
  return { client: createRegistryClient({ http, ...place, allowHttp: false, authenticator }), asked }
}

const challenge = (realm: string, scope = 'repository:team/app:pull'): string => `Bearer realm="${realm}",service="s v",scope="${scope}"`
const own = challenge('https://registry.example/token')

test('gets a token for its own repository, and keeps it', async () => {
  const { client, asked } = makeWorld(own)
  await client.getManifest('v1')
  await client.getManifest('v2')
  assert.deepEqual(asked.map(({ url, authorization }) => [url, authorization]), [
    ['https://registry.example/v2/team/app/manifests/v1', undefined],
    ['https://registry.example/token?service=s+v&scope=repository%3Ateam%2Fapp%3Apull', basic],
    ['https://registry.example/v2/team/app/manifests/v1', 'Bearer t1'],
    ['https://registry.example/v2/team/app/manifests/v2', 'Bearer t1'],
  ])
})

test('gets a new token for another access, and when the old one is about to expire', async () => {
  const { client, asked } = makeWorld(own, { expiresIn: 5 })
  await client.getManifest('v1')
  await client.getManifest('v2')
  assert.deepEqual(asked.map(({ authorization }) => authorization), [undefined, basic, 'Bearer t1', basic, 'Bearer t2'])
  await client.putManifest('v3', Buffer.from('{}'), 'x').catch(() => {})
  assert.match(asked.at(-2)!.url, /scope=repository%3Ateam%2Fapp%3Apull%2Cpush$/)
})

test('asks as anybody when it has nothing', async () => {
  const { client, asked } = makeWorld(challenge('https://auth.elsewhere/token'), { login: undefined })
  await client.getManifest('v1')
  assert.deepEqual(asked.map(({ authorization }) => authorization), [undefined, undefined, 'Bearer t1'])
})

test('shares one token among requests that are made at once', async () => {
  const { client, asked } = makeWorld(own)
  await client.getManifest('v1')
  asked.length = 0
  await Promise.all(['a', 'b', 'c'].map((tag) => client.getManifest(tag)))
  assert.ok(asked.every(({ authorization }) => authorization === 'Bearer t1'))
})

test('gives an identity token to the token server in the body of a POST', async () => {
  const { client, asked } = makeWorld(own, { login: { kind: 'identity', token: 'refresh me' } })
  await client.getManifest('v1')
  assert.deepEqual([asked[1]?.method, asked[1]?.authorization], ['POST', undefined])
  assert.match(String(asked[1]?.body), /^grant_type=refresh_token&service=s\+v&client_id=rkt&scope=repository%3Ateam%2Fapp%3Apull&refresh_token=refresh\+me$/)
})

test('sends a token of its own without asking a token server', async () => {
  const { client, asked } = makeWorld(own, { login: { kind: 'bearer', token: 'mine' } })
  await client.getManifest('v1')
  assert.deepEqual(asked.map(({ authorization }) => authorization), [undefined, 'Bearer mine'])
})

test('sends credentials to a token server elsewhere that the configuration names', async () => {
  const { client, asked } = makeWorld(challenge('https://auth.example/token'), { tokenServers: ['https://auth.example'] })
  await client.getManifest('v1')
  assert.equal(asked[1]?.authorization, basic)
})

for (const [name, header, text] of [
  ['at an origin that is not configured', challenge('https://evil.example/token'), /https:\/\/evil\.example, which the configuration does not name/],
  ['at another port', challenge('https://registry.example:8443/token'), /does not name/],
  ['over plain http', challenge('http://registry.example/token'), /plain http/],
  ['on this machine', challenge('https://127.0.0.1/token'), /address of this machine/],
  ['on the link', challenge('http://169.254.169.254/latest'), /address of this machine/],
  ['with credentials in it', challenge('https://a:b@registry.example/token'), /with credentials/],
  ['that is no URL', challenge('file:///etc/passwd'), /not a URL/],
  ['for another repository', challenge('https://registry.example/token', 'repository:other/app:pull'), /another repository/],
  ['for a repository whose name only begins the same', challenge('https://registry.example/token', 'repository:team/app2:pull'), /another repository/],
] as const) {
  test(`F6: sends nothing to a token server ${name}`, async () => {
    const { client, asked } = makeWorld(header)
    await assert.rejects(client.getManifest('v1'), (error) => {
      assert.ok(isRocketError(error, 'REGISTRY_UNAUTHORIZED'), String(error))
      assert.match(error.message, text)
      assert.doesNotMatch(JSON.stringify(error.toDocument()), /topsecret/)
      return true
    })
    assert.deepEqual(asked.map(({ url, authorization }) => [url, authorization]), [['https://registry.example/v2/team/app/manifests/v1', undefined]])
  })
}

test('F6: refuses a second challenge after a token', async () => {
  const { client, asked } = makeWorld(own, { accepts: () => false })
  await assert.rejects(client.getManifest('v1'), (error) => isRocketError(error, 'REGISTRY_UNAUTHORIZED') && /after it was sent what it had asked for/.test(error.message))
  assert.equal(asked.length, 3)
})

test('renews a token once that was good before and is no longer', async () => {
  let revoked = ''
  const { client, asked } = makeWorld(own, { accepts: (header) => header !== revoked })
  await client.getManifest('v1')
  revoked = 'Bearer t1'
  await new Promise((resolve) => setTimeout(resolve, 5))
  await client.getManifest('v2')
  assert.deepEqual(asked.slice(3).map(({ authorization }) => authorization), ['Bearer t1', basic, 'Bearer t2'])
})

for (const [name, answer, code, text] of [
  ['refuses', { status: 401 }, 'REGISTRY_UNAUTHORIZED', /bad HTTP status code: 401/],
  ['fails', { status: 500 }, 'REGISTRY_FAILED', /500/],
  ['gives no token', { status: 200, body: '{"expires_in":1}' }, 'REGISTRY_ANSWER_INVALID', /no token/],
  ['gives a token with a line break', { status: 200, body: '{"token":"topsecret\\r\\nx"}' }, 'REGISTRY_ANSWER_INVALID', /no token/],
  ['gives two tokens', { status: 200, body: '{"token":"topsecret","token":"b"}' }, 'REGISTRY_ANSWER_INVALID', /gives a key twice/],
  ['is verbose', { status: 200, body: `{"token":"${'x'.repeat(70_000)}"}` }, 'REGISTRY_ANSWER_INVALID', /longer than/],
] as const) {
  test(`reports a token server that ${name}, without what it said`, async () => {
    const { client } = makeWorld(own, { token: () => answer })
    await assert.rejects(client.getManifest('v1'), (error) => {
      assert.ok(isRocketError(error, code), String(error))
      assert.match(error.message, text)
      assert.doesNotMatch(JSON.stringify(error.toDocument()), /topsecret/)
      return true
    })
  })
}
