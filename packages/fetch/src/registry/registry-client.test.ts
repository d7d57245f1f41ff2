import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { isRocketError, RocketError } from '@rocket/contracts'
import { createHttpClient, type HttpClient, type HttpRequest } from '../http/http-client.ts'
import { createRegistryClient, type RegistryClient } from './registry-client.ts'

interface Asked extends HttpRequest { url: string }

/** Answers 401 with this challenge until something is sent, then 200. */
function challenging(challenge: string, asked: Asked[], answersHttps = true): HttpClient {
  return {
    get: (url, options = {}) => {
      asked.push({ url, ...options })
      if (url.startsWith('https:') && !answersHttps) return Promise.reject(new RocketError('REGISTRY_UNREACHABLE', { what: 'refused' }))
      const status = options.authorization === undefined ? 401 : 200
      const body = (async function* () { yield Buffer.from('{}') })()
      return Promise.resolve(
        { status, headers: status === 401 ? { 'www-authenticate': challenge } : {}, from: url, body, discard: () => {} }
      )
    },
    close: () => Promise.resolve(),
  }
}

function client(
  http: HttpClient, registry = 'registry.example', authorization: string | undefined = 'Basic c2VjcmV0', allowHttp = true,
): RegistryClient {
  return createRegistryClient({ registry, repository: 'app', tag: 'v1', digest: undefined }, { http, allowHttp, authorization })
}

test('sends credentials when asked, and from then on', async () => {
  const asked: Asked[] = []
  const registry = client(challenging('Basic realm="x"', asked))
  await registry.getManifest('v1')
  await registry.getBlob(`sha256:${'a'.repeat(64)}`)
  assert.deepEqual(asked.map(({ authorization }) => authorization), [undefined, 'Basic c2VjcmV0', 'Basic c2VjcmV0'])
  assert.equal(asked[1]?.url, 'https://registry.example/v2/app/manifests/v1')
})

for (const [what, challenge, authorization, text] of [
  ['a token challenge', 'Bearer realm="https://evil.example/token"', 'Basic c2VjcmV0', /gives out tokens/],
  ['no challenge', '', 'Basic c2VjcmV0', /does not say how/],
  ['a challenge for which there is nothing', 'Basic realm="x"', undefined, /no credentials are configured/],
] as const) {
  test(`sends nothing to a registry that answers with ${what}`, async () => {
    const asked: Asked[] = []
    const registry = createRegistryClient(
      { registry: 'r.example', repository: 'app', tag: 'v1', digest: undefined },
      { http: challenging(challenge, asked), allowHttp: false, authorization },
    )
    await assert.rejects(registry.getManifest('v1'), (error) => isRocketError(error, 'REGISTRY_UNAUTHORIZED') && text.test(error.message))
    assert.deepEqual(asked.map((request) => request.authorization), [undefined])
  })
}

test('sends no credentials over plain http, but within this machine', async () => {
  const asked: Asked[] = []
  await assert.rejects(
    client(challenging('Basic', asked, false)).getManifest('v1'),
    (error) => isRocketError(error, 'REGISTRY_UNAUTHORIZED') && /were not sent/.test(error.message),
  )
  assert.deepEqual(asked.map(({ url, authorization }) => [url.slice(0, 5), authorization]), [['https', undefined], ['http:', undefined]])
  await client(challenging('Basic', asked, false), '127.0.0.1:5000').getManifest('v1')
})

test('does not try plain http unless it was allowed', async () => {
  const asked: Asked[] = []
  await assert.rejects(
    client(challenging('Basic', asked, false), undefined, undefined, false).getManifest('v1'),
    (error) => isRocketError(error, 'REGISTRY_UNREACHABLE'),
  )
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
    const manifest = client(http, host, undefined, true).getManifest('v1')
    if (skipTlsVerify) assert.equal((await manifest).bytes.toString(), '{}')
    else await assert.rejects(
      manifest, (error) => isRocketError(error, 'REGISTRY_UNREACHABLE') && /--insecure-options=tls/.test(error.hint ?? ''),
    )
  }
})
