import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { isRocketError } from '@rocket/contracts'
import { formatDockerReference, parseDockerReference } from './docker-reference.ts'

const hub = 'registry-1.docker.io'
const digest = `sha256:${'a'.repeat(64)}`

for (const [text, registry, repository, tag, by] of [
  ['busybox', hub, 'library/busybox', 'latest'],
  ['busybox:1.36', hub, 'library/busybox', '1.36'],
  ['library/busybox', hub, 'library/busybox', 'latest'],
  ['team/web:v1_2.3-x', hub, 'team/web', 'v1_2.3-x'],
  ['docker.io/busybox', hub, 'library/busybox', 'latest'],
  ['index.docker.io/team/web', hub, 'team/web', 'latest'],
  ['localhost/web', 'localhost', 'web', 'latest'],
  ['localhost:5000/web:1', 'localhost:5000', 'web', '1'],
  ['host:80/a/b/c/d', 'host:80', 'a/b/c/d', 'latest'],
  ['Registry/web', 'Registry', 'web', 'latest'],
  ['H.IO/web', 'h.io', 'web', 'latest'],
  ['[::1]:5000/web', '[::1]:5000', 'web', 'latest'],
  ['10.0.0.1/web', '10.0.0.1', 'web', 'latest'],
  ['h.io/a__b/c-d/e---f/g.h', 'h.io', 'a__b/c-d/e---f/g.h', 'latest'],
  [`busybox@${digest}`, hub, 'library/busybox', '', digest],
  [`h.io:5000/web:1@${digest}`, 'h.io:5000', 'web', '', digest],
  [`web@sha512:${'0'.repeat(128)}`, hub, 'library/web', '', `sha512:${'0'.repeat(128)}`],
] as const) {
  test(`reads ${text.slice(0, 60)}`, () => {
    const { shortName: _short, ...read } = parseDockerReference(text)
    assert.deepEqual(read, { registry, repository, tag, digest: by })
  })
}

for (const [text, why] of [
  ['', 'is empty'], ['/web', 'begins with a slash'], ['h.io/', 'ends with one'], ['a//b', 'has an empty part'], ['WEB', 'has capitals'],
  ['h.io/Web', 'has capitals'], ['web:', 'has an empty tag'], [`web:${'x'.repeat(129)}`, 'has a long tag'], ['web:-x', 'has a tag that is none'],
  ['a/../b', 'climbs'], ['h.io/a/./b', 'has a dot for a part'], ['-web', 'begins with a dash'], ['web-', 'ends with one'], ['a.-b', 'has two separators'],
  ['a___b', 'has three underscores'], ['h.io/a%2fb', 'is escaped'], ['h.io/a b', 'has a space'], ['h.io/a\nb', 'has a line break'], ['h_o.io/x', 'has a host that is none'],
  ['user@h.io/x', 'has a user'], ['h.io:port/x', 'has a port that is none'], ['h.io:123456/x', 'has a port that is none'],
  ['h.io:65536/x', 'has a port beyond the last'], ['a.0/x', 'has a host that ends like an address and is none'], ['a'.repeat(64), 'could be an ID'],
  [`h.io/${'a'.repeat(256)}`, 'is long'], ['https://h.io/x', 'is a URL'],
] as const) {
  test(`refuses ${JSON.stringify(text.slice(0, 30))}, which ${why}`, () => {
    assert.throws(() => parseDockerReference(text), (error) => isRocketError(error, 'IMAGE_REFERENCE_INVALID') || isRocketError(error, 'DIGEST_INVALID'))
  })
}

for (const text of [
  'sha256:../../../../x', 'sha256:', `sha256:${'a'.repeat(63)}`, `sha256:${'A'.repeat(64)}`, `md5:${'a'.repeat(32)}`, `sha256:${'a'.repeat(10_000_000)}`,
  `sha256:${'a'.repeat(64)}@${digest}`, `SHA256:${'a'.repeat(64)}`, `sha256:${'a'.repeat(64)}\n`,
]) {
  test(`F1: refuses the digest ${JSON.stringify(text.slice(0, 40))}, of ${text.length} characters`, () => {
    assert.throws(() => parseDockerReference(`web@${text}`), (error) => {
      assert.ok(isRocketError(error, 'DIGEST_INVALID'))
      return error.message.length < 1000
    })
  })
}

test('whatever is accepted says the same again, and can be part of a URL as it is', () => {
  const word = fc.stringMatching(/^[a-z0-9A-Z._:/@-]{0,40}$/)
  fc.assert(fc.property(fc.oneof(word, fc.string({ maxLength: 60 })), (text) => {
    let read
    try {
      read = parseDockerReference(text)
    } catch (error) {
      assert.ok(isRocketError(error))
      return
    }
    const { registry, repository, tag } = read
    assert.deepEqual(parseDockerReference(formatDockerReference(read).slice('docker://'.length)), read)
    const url = new URL(`https://${registry}/v2/${repository}/manifests/${tag}`)
    assert.equal(url.pathname, `/v2/${repository}/manifests/${tag}`)
    assert.deepEqual([url.username, url.search, url.hash], ['', '', ''])
  }), { numRuns: Number(process.env['ROCKET_FUZZ_RUNS'] ?? 2000) })
})
