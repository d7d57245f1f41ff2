import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isRocketError } from '@rocket/contracts'
import { fakeHttp, type Answer, type Asked } from '../testing/fake-http.ts'
import { createAuthenticator } from './authenticate.ts'
import { createRegistryClient, type RegistryClient } from './registry-client.ts'

const digest = `sha256:${'a'.repeat(64)}`
const blob = { digest, sizeBytes: 1, open: async function* () { yield Buffer.from('x') } }

/** A registry that wants a password, and says this of where an upload goes on. */
function open(location: string | undefined): { client: RegistryClient; asked: Asked[] } {
  const { http, asked } = fakeHttp(({ url, method, authorization }): Answer => {
    if (method === 'PUT') return { status: 201 }
    if (authorization === undefined) return { status: 401, headers: { 'www-authenticate': 'Basic' } }
    if (url.endsWith('/uploads/')) return { status: 202, headers: location === undefined ? {} : { location } }
    return { status: 404 }
  })
  const place = { registry: 'r.example', repository: 'app' }
  const login = (): ReturnType<Parameters<typeof createAuthenticator>[0]['login']> => Promise.resolve({ kind: 'basic', user: 'u', password: 'topsecret' })
  const authenticator = createAuthenticator({ http, ...place, tokenServers: [], login })
  return { asked, client: createRegistryClient({ http, ...place, allowHttp: false, authenticator }) }
}

for (const [location, url, withLogin] of [
  ['/v2/app/blobs/uploads/1?state=x', `https://r.example/v2/app/blobs/uploads/1?state=x&digest=sha256%3A${'a'.repeat(64)}`, true],
  ['https://r.example/up/1', `https://r.example/up/1?digest=sha256%3A${'a'.repeat(64)}`, true],
  ['https://storage.example/up/1', `https://storage.example/up/1?digest=sha256%3A${'a'.repeat(64)}`, false],
] as const) {
  test(`sends a blob on to ${location} ${withLogin ? 'with' : 'without'} the login`, async () => {
    const { client, asked } = open(location)
    assert.equal(await client.putBlob(blob), 'sent')
    const last = asked.at(-1)!
    assert.deepEqual([last.url, last.authorization !== undefined], [url, withLogin])
  })
}

for (const [location, code] of [
  [undefined, 'REGISTRY_ANSWER_INVALID'], ['http://r.example/up', 'REGISTRY_REDIRECT_REFUSED'], ['file:///etc/passwd', 'REGISTRY_REDIRECT_REFUSED'],
  ['https://127.0.0.1/up', 'REGISTRY_REDIRECT_REFUSED'], ['https://169.254.169.254/up', 'REGISTRY_REDIRECT_REFUSED'], ['https://[', 'REGISTRY_REDIRECT_REFUSED'],
] as const) {
  test(`F5: sends nothing on to ${location ?? 'nowhere'}`, async () => {
    const { client, asked } = open(location)
    await assert.rejects(client.putBlob(blob), (error) => isRocketError(error, code))
    assert.ok(asked.every(({ method }) => method !== 'PUT'))
  })
}

test('mounts what another repository of the registry has', async () => {
  const { http, asked } = fakeHttp(({ method }) => ({ status: method === 'POST' ? 201 : 404 }))
  const place = { registry: 'r.example', repository: 'app' }
  const authenticator = createAuthenticator({ http, ...place, tokenServers: [], login: () => Promise.resolve(undefined) })
  const client = createRegistryClient({ http, ...place, allowHttp: false, authenticator })
  assert.equal(await client.putBlob({ ...blob, from: 'team/base' }), 'mounted')
  assert.match(asked.at(-1)!.url, /\/uploads\/\?mount=sha256%3Aa+&from=team%2Fbase$/)
})
