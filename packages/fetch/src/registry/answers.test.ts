import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { isRocketError } from '@rocket/contracts'
import { findManifest } from '../oci/find-manifest.ts'
import { fakeHttp } from '../testing/fake-http.ts'
import { createAuthenticator } from './authenticate.ts'
import { openRegistryImage } from './registry-image.ts'
import { createRegistryClient } from './registry-client.ts'

const status = fc.constantFrom(200, 200, 200, 206, 301, 401, 401, 403, 404, 416, 418, 429, 500, 503)
const text = fc.oneof(fc.string({ maxLength: 80 }), fc.string({ unit: 'binary', maxLength: 40 }))
const headers = fc.record({
  'content-type': fc.oneof(text, fc.constantFrom('application/vnd.oci.image.index.v1+json', 'application/vnd.oci.image.manifest.v1+json', 'text/html')),
  'content-length': fc.oneof(text, fc.constantFrom('0', '-1', '1e400')),
  'docker-content-digest': fc.oneof(text, fc.constant(`sha256:${'0'.repeat(64)}`)),
  'content-range': fc.oneof(text, fc.constantFrom('bytes 5-9/10', 'bytes 9-5/1', 'bytes */*')),
  'www-authenticate': fc.oneof(text, fc.constantFrom('Basic', 'Bearer realm="https://h.io/t"', 'Bearer realm=', 'Bearer realm="https://h.io/t",scope="repository:x:y"')),
}, { requiredKeys: [] })
/** Documents that are almost right. */
const almost = fc.record({
  schemaVersion: fc.constantFrom(1, 2, '2', null), mediaType: fc.option(text), config: fc.jsonValue(), layers: fc.jsonValue(), manifests: fc.jsonValue(),
  token: fc.jsonValue(), expires_in: fc.jsonValue(),
}, { requiredKeys: [] })
const body = fc.oneof(text, fc.json(), almost.map((value) => JSON.stringify(value)), fc.constant('{"token":"t","expires_in":-1}'))

test('whatever a registry and a token server answer, it is taken or refused with a code, in bounded requests', async () => {
  const property = fc.asyncProperty(fc.array(fc.record({ status, headers, body }), { minLength: 1, maxLength: 12 }), async (answers) => {
    const { http, asked } = fakeHttp(({ url }) => {
      assert.doesNotThrow(() => new URL(url))
      return answers[(asked.length - 1) % answers.length]! as { status: number; headers: Record<string, string>; body: string }
    })
    const place = { registry: 'h.io', repository: 'team/app' }
    const authenticator = createAuthenticator({
      http, ...place, tokenServers: [], login: () => Promise.resolve({ kind: 'basic', user: 'someone', password: 'topsecret' }),
    })
    const client = createRegistryClient({ http, ...place, allowHttp: false, authenticator })
    const image = openRegistryImage([{ client, tags: true }], () => {})
    try {
      await findManifest(image, { tag: 'v1', digest: undefined }, { os: 'linux', architecture: 'amd64' })
    } catch (error) {
      assert.ok(isRocketError(error), String(error))
      assert.doesNotMatch(JSON.stringify(error.toDocument()), /topsecret/)
    }
    assert.ok(asked.length < 40)
    assert.ok(asked.every(({ url, authorization }) => authorization === undefined || new URL(url).origin === 'https://h.io'))
  })
  await fc.assert(property, { numRuns: Number(process.env['ROCKET_FUZZ_RUNS'] ?? 500) })
})
