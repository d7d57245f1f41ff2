import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isRocketError } from '@rocket/contracts'
import { absoluteReference, classifyReference } from './classify-reference.ts'

const options = { cwd: '/w', isFile: (path: string): boolean => path === '/w/plain' || path === '/w/with:colon' }

for (const [text, kind, key] of [
  ['/abs/x', 'file', 'file:/abs/x'],
  ['plain', 'file', 'file:/w/plain'],
  ['with:colon', 'name', 'name:with:colon'],
  ['./x', 'file', 'file:/w/x'],
  ['../x.aci', 'file', 'file:/x.aci'],
  ['x.aci', 'file', 'file:/w/x.aci'],
  ['a:b/./c', 'name', 'name:a:b/./c'],
  ['example.com/app', 'name', 'name:example.com/app'],
  ['example.com/app:v1,arch=amd64', 'name', 'name:example.com/app:v1,arch=amd64'],
  ['foo:v1', 'name', 'name:foo:v1'],
  ['file:///tmp/x.aci', 'file', 'file:/tmp/x.aci'],
  ['https://h/x.aci?a=1#f', 'url', 'https://h/x.aci?a=1'],
  ['http://h:80/x.aci', 'url', 'http://h/x.aci'],
  ['docker://busybox', 'docker', 'docker://busybox:latest'],
  ['docker:busybox:1', 'docker', 'docker://busybox:1'],
  ['docker://docker.io/a/b', 'docker', 'docker://registry-1.docker.io/a/b:latest'],
  ['docker://localhost:5000/b', 'docker', 'docker://localhost:5000/b:latest'],
  ['docker://[::1]:5000/b:t', 'docker', 'docker://[::1]:5000/b:t'],
  [`docker://h.io/a@sha256:${'a'.repeat(64)}`, 'docker', `docker://h.io/a@sha256:${'a'.repeat(64)}`],
  [`docker://h.io/a:t@sha256:${'a'.repeat(64)}`, 'docker', `docker://h.io/a@sha256:${'a'.repeat(64)}`],
  ['oci:dir', 'oci-layout', 'oci:/w/dir:'],
  ['oci-archive:x.tar:v1', 'archive', 'oci-archive:/w/x.tar:v1'],
  [`oci-archive:/d/x.tar:v1@sha256:${'a'.repeat(64)}`, 'archive', `oci-archive:/d/x.tar@sha256:${'a'.repeat(64)}`],
  ['docker-archive:x.tar:localhost:5000/web:1', 'archive', 'docker-archive:/w/x.tar:localhost:5000/web:1'],
  ['docker-archive:x.tar:@1', 'archive', 'docker-archive:/w/x.tar:@1'],
  ['dir:d:x', 'archive', 'dir:/w/d:x'],
  ['oci:/d/e:v1', 'oci-layout', 'oci:/d/e:v1'],
  ['oci:/d:x/e', 'oci-layout', 'oci:/d:x/e:'],
  [`oci:d@sha256:${'a'.repeat(64)}`, 'oci-layout', `oci:/w/d@sha256:${'a'.repeat(64)}`],
  [`oci:d:v1@sha256:${'a'.repeat(64)}`, 'oci-layout', `oci:/w/d@sha256:${'a'.repeat(64)}`],
  ['oci:d@1:v1', 'oci-layout', 'oci:/w/d@1:v1'],
  ['oci:/d@sha256:x/e', 'oci-layout', 'oci:/d@sha256:x/e:'],
  ['sha512-abcdef', 'id', 'sha512-abcdef'],
  ['sha256:abcdef01', 'id', 'sha256:abcdef01'],
  ['cimd:docker:v=0:busybox', 'docker', 'docker://busybox:latest'],
  ['cimd:aci-archive:v=0:https%3A%2F%2Fh%2Fx.aci', 'url', 'https://h/x.aci'],
] as const) test(`takes ${text} for ${kind} ${key}`, () => {
  const found = classifyReference(text, options)
  assert.deepEqual([found.kind, found.key], [kind, key])
})

for (const [text, message] of [
  ['https://h/x.tar', 'invalid image string "https://h/x.tar"'],
  ['file:///x', 'invalid image string "file:///x"'],
  ['http://', 'invalid image string "http://"'],
  ['https://user:secret@h/x.aci', 'the image URL at h contains credentials: they would be written into the documents of the pod'],
  ['https://user:secret@h/x', 'invalid image string "https://h/x"'],
  ['docker://', 'invalid docker URL "docker://"; expected syntax is "docker://[REGISTRY_HOST[:REGISTRY_PORT]/]IMAGE_NAME[:TAG]"'],
  [
    'docker://h.io/UPPER',
    'invalid docker URL "docker://h.io/UPPER"; expected syntax is "docker://[REGISTRY_HOST[:REGISTRY_PORT]/]IMAGE_NAME[:TAG]"',
  ],
  [
    'docker://h.io/../x',
    'invalid docker URL "docker://h.io/../x"; expected syntax is "docker://[REGISTRY_HOST[:REGISTRY_PORT]/]IMAGE_NAME[:TAG]"',
  ],
  [
    'docker://h.io/a:',
    'invalid docker URL "docker://h.io/a:"; expected syntax is "docker://[REGISTRY_HOST[:REGISTRY_PORT]/]IMAGE_NAME[:TAG]"',
  ],
  ['Name', 'invalid appc image string "Name": "Name" is not an image name: lower-case letters, digits and -._~/ only'],
  ['a,b', 'invalid appc image string "a,b": "b" is not LABEL=VALUE'],
  ['a:1,version=2', 'invalid appc image string "a:1,version=2": the label "version" is given twice'],
] as const) test(`refuses ${text}`, () => {
  assert.throws(
    () => classifyReference(text, options), (error) => isRocketError(error, 'IMAGE_REFERENCE_INVALID') && error.message === message,
  )
})

for (const digest of [
  'sha256:../../../../x', 'sha256:abc', `sha256:${'A'.repeat(64)}`, `md5:${'a'.repeat(32)}`, `sha256:${'a'.repeat(10_000_000)}`,
]) {
  test(`refuses the digest ${digest.slice(0, 30)} before it becomes a path or a URL`, () => {
    const isRefusal = (error: unknown): boolean => isRocketError(error, 'DIGEST_INVALID') && error.message.length < 400
    assert.throws(() => classifyReference(`docker://h.io/a@${digest}`, options), isRefusal)
    if (/^sha[^/]*$/.test(digest)) assert.throws(() => classifyReference(`oci:d@${digest}`, options), isRefusal)
  })
}

test('makes files and layouts absolute and leaves the rest as it was written', () => {
  assert.equal(absoluteReference('./x.aci', options), '/w/x.aci')
  assert.equal(absoluteReference('oci:d:v1', options), 'oci:/w/d:v1')
  assert.equal(absoluteReference(`oci:d:v1@sha256:${'a'.repeat(64)}`, options), `oci:/w/d@sha256:${'a'.repeat(64)}`)
  assert.equal(absoluteReference('docker:busybox', options), 'docker:busybox')
})
