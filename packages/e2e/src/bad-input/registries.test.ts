import assert from 'node:assert/strict'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import type { ServerResponse } from 'node:http'
import { join } from 'node:path'
import { plantCanary } from '../fixtures/canary.ts'
import {
  indexType, makeImage, manifestType, sha256, startHostileRegistry, type HonestImage, type HostileRegistry, type Lie,
} from '../fixtures/hostile-registry.ts'
import { names } from '../program/home.ts'
import { story, tellStories } from '../program/story.ts'

const stage = tellStories()

interface Refusal {
  /** Behind `docker://HOST/app`. */
  reference?: (image: HonestImage) => string
  code: string
  configuration?: Record<string, object>
  withinMs?: number
}

let serial = 0

/** Runs `rkt fetch` and holds everything around it to what must be so after a refusal. Returns the registry and the message. */
async function refused(lie: Lie, { reference = () => '', code, configuration = {}, withinMs = 20_000 }: Refusal): Promise<{ server: HostileRegistry; stderr: string }> {
  const { home } = stage
  const server = await startHostileRegistry(lie)
  const config = home.file(`etc-${serial++}`)
  for (const [path, content] of Object.entries(configuration)) {
    mkdirSync(join(config, path, '..'), { recursive: true })
    writeFileSync(join(config, path), JSON.stringify(content).replaceAll('HOST', server.host))
  }
  const canary = plantCanary(home.directory, home.data)
  const before = canary.look()
  const images = names(join(home.data, 'cas/images'))
  const began = performance.now()
  try {
    const fetching = home.start([
      `--local-config=${config}`, 'fetch', '--insecure-options=image,http', `docker://${server.host}/app${reference(server.image)}`,
    ])
    let peakKib = 0
    const timer = setInterval(() => { peakKib = Math.max(peakKib, peakOf(fetching.pid)) }, 25)
    const { exitCode, stdout, stderr } = await fetching.ended
    clearInterval(timer)
    assert.deepEqual([exitCode, stdout], [254, ''], stderr)
    assert.match(stderr, new RegExp(`\\[(${code})\\]`))
    assert.ok(stderr.length < 4000, 'a message for people')
    assert.doesNotMatch(stderr, /topsecret|dG9wc2VjcmV0/)
    assert.ok(performance.now() - began < withinMs, `${performance.now() - began} ms`)
    assert.ok(peakKib < 400 * 1024, `${peakKib} KiB`)
    assert.deepEqual(canary.look(), before)
    assert.deepEqual(names(join(home.data, 'cas/images')), images)
    assert.deepEqual(names(join(home.data, 'cas/ingest')).filter((name) => !name.endsWith('.partial')), [])
    return { server, stderr }
  } finally {
    await server.close()
  }
}

function peakOf(pid: number): number {
  try {
    return Number(/^VmHWM:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0)
  } catch {
    // It has ended.
    return 0
  }
}

const forManifests = (answer: (response: ServerResponse, image: HonestImage) => void): Lie => (what, _, response, image) => {
  if (!what.startsWith('manifests/')) return false
  answer(response, image)
  return true
}
const manifest = (change: (image: HonestImage) => string | Buffer, type = manifestType): Lie => (
  forManifests((response, image) => response.setHeader('content-type', type).end(change(image))))
const withParts = (change: (image: HonestImage) => object): Lie => manifest((image) => JSON.stringify({ ...image.parts, ...change(image) }))
const withLayer = (change: (image: HonestImage) => object): Lie => withParts((image) => ({ layers: [{ ...image.parts.layers[0], ...change(image) }] }))
const forLayer = (answer: (response: ServerResponse, image: HonestImage) => void): Lie => (what, _, response, image) => {
  if (what !== `blobs/${sha256(image.layer)}`) return false
  answer(response, image)
  return true
}

for (const [what, digest] of [
  ['climbs', 'sha256:../../../../canary/etc/secret'], ['is short', 'sha256:abc'], ['is in capitals', `sha256:${'A'.repeat(64)}`],
  ['is of an unknown kind', `md5:${'a'.repeat(32)}`], ['has megabytes', `sha256:${'a'.repeat(3 << 20)}`],
] as const) {
  story(`F1: a layer whose digest ${what}`, () => refused(withLayer(() => ({ digest })), { code: 'IMAGE_DOCUMENT_INVALID' }).then(() => {}))
  if (digest.length > 1000) continue
  story(`F1: a reference whose digest ${what}`, () => refused(() => false, { reference: () => `@${digest}`, code: 'DIGEST_INVALID' }).then(({ server }) => {
    assert.deepEqual(server.asked, [])
  }))
}

story('F1: a configuration whose digest climbs', () => (
  refused(withParts(({ parts }) => ({ config: { ...parts.config, digest: 'sha256:../x' } })), { code: 'IMAGE_DOCUMENT_INVALID' }).then(() => {})))
story('F2: a subject whose digest is none', () => (
  refused(withParts(({ parts }) => ({ subject: { ...parts.config, digest: 'sha256:' } })), { code: 'IMAGE_DOCUMENT_INVALID' }).then(() => {})))
story('F2: a Docker-Content-Digest that is none', () => refused(forManifests((response, image) => {
  response.writeHead(200, { 'content-type': manifestType, 'docker-content-digest': 'sha256:../../x' }).end(image.manifest)
}), { code: 'REGISTRY_ANSWER_INVALID' }).then(() => {}))

for (const [what, lie, code] of [
  ['is manifest and index at once', withParts(() => ({ manifests: [] })), 'IMAGE_DOCUMENT_AMBIGUOUS'],
  ['says that it is an index, and is none', manifest((image) => image.manifest, indexType), 'IMAGE_DOCUMENT_AMBIGUOUS'],
  ['contradicts its Content-Type', withParts(() => ({ mediaType: 'application/vnd.docker.distribution.manifest.v2+json' })), 'IMAGE_DOCUMENT_AMBIGUOUS'],
  ['gives a key twice', manifest((image) => image.manifest.toString().replace('{', '{"layers":[],')), 'IMAGE_DOCUMENT_AMBIGUOUS'],
  ['gives a key twice in other case', manifest((image) => image.manifest.toString().replace('{', '{"Layers":[],')), 'IMAGE_DOCUMENT_AMBIGUOUS'],
  ['has a key __proto__', manifest((image) => image.manifest.toString().replace('{', '{"__proto__":{"layers":[]},')), 'IMAGE_DOCUMENT_AMBIGUOUS'],
  ['is no JSON', manifest(() => '<html>'), 'IMAGE_DOCUMENT_INVALID'],
  ['is nested without end', manifest(() => `{"schemaVersion":2,"layers":${'['.repeat(100_000)}`), 'IMAGE_DOCUMENT_INVALID'],
] as [string, Lie, string][]) {
  story(`F3: a manifest that ${what}`, () => refused(lie, { code }).then(() => {}))
}

story('F4, F6: credentials stay with the registry, whatever its layers and challenges name', async () => {
  const elsewhere = await startHostileRegistry((_, __, response) => {
    response.writeHead(401, { 'www-authenticate': 'Basic realm="here"' }).end()
    return true
  })
  const configuration = {
    'auth.d/a.json': { rktKind: 'dockerAuth', rktVersion: 'v1', registries: ['HOST'], credentials: { user: 'u', password: 'topsecret' } },
  }
  try {
    // A layer with places of its own: they are not asked, and the registry's answer counts.
    const foreign = withLayer(() => ({ urls: [`http://${elsewhere.host}/layer`], digest: `sha256:${'0'.repeat(64)}` }))
    await refused(foreign, { code: 'REGISTRY_NOT_FOUND', configuration })
    for (const realm of [`http://${elsewhere.host}/token`, 'https://evil.example/token', 'http://169.254.169.254/latest']) {
      const { stderr } = await refused((_, __, response) => {
        response.writeHead(401, { 'www-authenticate': `Bearer realm="${realm}",service="x"` }).end()
        return true
      }, { code: 'REGISTRY_UNAUTHORIZED', configuration })
      assert.match(stderr, /token/)
    }
    assert.deepEqual(elsewhere.asked, [])
  } finally {
    await elsewhere.close()
  }
})

story('F6: a second challenge after a token', async () => {
  const { server } = await refused((what, request, response) => {
    if (request.url?.startsWith('/token') === true) response.end('{"token":"abc"}')
    else response.writeHead(401, { 'www-authenticate': `Bearer realm="http://${request.headers.host}/token",service="x",scope="repository:app:pull"` }).end()
    return what !== ''
  }, { code: 'REGISTRY_UNAUTHORIZED' })
  assert.equal(server.asked.length, 3)
})

story('F6: a token for another repository', async () => {
  const { server } = await refused((_, request, response) => {
    response.writeHead(401, { 'www-authenticate': `Bearer realm="http://${request.headers.host}/token",service="x",scope="repository:other:pull"` }).end()
    return true
  }, { code: 'REGISTRY_UNAUTHORIZED' })
  assert.equal(server.asked.length, 1)
})

const redirect = (location: string): Lie => forLayer((response) => void response.writeHead(307, { location }).end())

for (const location of ['file:///etc/shadow', 'ftp://example.com/x', 'gopher://127.0.0.1:70/x', 'http://[']) {
  story(`F5: a redirect to ${location}`, () => refused(redirect(location), { code: 'REGISTRY_REDIRECT_REFUSED' }).then(() => {}))
}

story('F5: redirects without end', async () => {
  const { server } = await refused((what, request, response) => {
    if (!what.startsWith('blobs/') && !what.startsWith('/again')) return false
    response.writeHead(307, { location: `/again/${request.url?.length}` }).end()
    return true
  }, { code: 'REGISTRY_REDIRECT_REFUSED' })
  assert.ok(server.asked.length < 20)
})

story('F5: credentials do not follow a redirect', async () => {
  const layer = makeImage(Buffer.alloc(1024))
  const elsewhere = await startHostileRegistry((_, __, response) => {
    response.end(layer.layer)
    return true
  })
  try {
    const { server } = await refused((what, request, response, image) => {
      if (request.headers.authorization === undefined) response.writeHead(401, { 'www-authenticate': 'Basic realm="x"' }).end()
      else if (what === `blobs/${sha256(image.layer)}`) response.writeHead(307, { location: `http://${elsewhere.host}/blob` }).end()
      else return false
      return true
    }, {
      code: 'LAYER_DIGEST_MISMATCH', configuration: {
        'auth.d/a.json': { rktKind: 'dockerAuth', rktVersion: 'v1', registries: ['HOST'], credentials: { user: 'u', password: 'topsecret' } },
      },
    })
    assert.ok(server.asked.some(({ authorization }) => authorization !== undefined))
    assert.deepEqual(elsewhere.asked, [{ url: '/blob', authorization: undefined }])
  } finally {
    await elsewhere.close()
  }
})

const forEver = (response: ServerResponse, chunk: Buffer): void => {
  const more = (): void => { while (!response.destroyed && response.write(chunk)); }
  response.on('drain', more)
  more()
}
const mebi = Buffer.alloc(1 << 20)
const hurried = { 'registries.d/a.json': { rktKind: 'registries', rktVersion: 'v1', deadlineSeconds: 3 } }

for (const [what, lie, code, more] of [
  ['a manifest that is not what its digest says', manifest((image) => `${image.manifest.toString()} `), 'IMAGE_DIGEST_MISMATCH', {
    reference: (image: HonestImage) => `@${sha256(image.manifest)}`,
  }],
  ['a Docker-Content-Digest that lies', forManifests((response, image) => {
    response.writeHead(200, { 'content-type': manifestType, 'docker-content-digest': `sha256:${'0'.repeat(64)}` }).end(image.manifest)
  }), 'IMAGE_DIGEST_MISMATCH'],
  ['a layer that is longer than announced', forLayer((response, { layer }) => response.end(Buffer.concat([layer, mebi]))), 'LAYER_DIGEST_MISMATCH'],
  ['a layer that is shorter', forLayer((response, { layer }) => response.end(layer.subarray(0, layer.length >> 1))), 'LAYER_DIGEST_MISMATCH|LAYER_CORRUPT'],
  ['a layer without end', forLayer((response) => forEver(response, mebi)), 'LAYER_DIGEST_MISMATCH|LAYER_CORRUPT'],
  ['a layer that is said to have a petabyte', withLayer(() => ({ size: 2 ** 50 })), 'LAYER_DIGEST_MISMATCH'],
  ['a manifest of a gigabyte', forManifests((response) => response.writeHead(200, { 'content-length': 2 ** 30 }).write('{')), 'REGISTRY_ANSWER_INVALID'],
  ['a manifest without end', forManifests((response) => forEver(response, mebi)), 'REGISTRY_ANSWER_INVALID'],
  ['an index of very many entries', manifest(({ parts }) => JSON.stringify({
    schemaVersion: 2, mediaType: indexType, manifests: Array.from({ length: 20_000 }, () => ({ ...parts.config, mediaType: manifestType })),
  }), indexType), 'IMAGE_DOCUMENT_INVALID'],
  ['headers without end', forManifests((response) => {
    for (let count = 0; count < 200; count += 1) response.setHeader(`x-${count}`, 'x'.repeat(1000))
    response.end('{}')
  }), 'REGISTRY_ANSWER_INVALID'],
  ['what is not http', forManifests((response) => void response.socket?.end('SSH-2.0-OpenSSH\r\n')), 'REGISTRY_ANSWER_INVALID|REGISTRY_UNREACHABLE'],
  ['a layer that comes byte by byte', forLayer((response, { layer }) => {
    response.writeHead(200, { 'content-length': layer.length })
    const timer = setInterval(() => response.write('x'), 100)
    response.on('close', () => clearInterval(timer))
  }), 'REGISTRY_STALLED', { configuration: hurried }],
  ['a manifest that comes byte by byte', forManifests((response) => {
    const timer = setInterval(() => response.write(' '), 100)
    response.on('close', () => clearInterval(timer))
  }), 'REGISTRY_STALLED', { configuration: hurried }],
  ['a server that says nothing', forManifests(() => {}), 'REGISTRY_STALLED', { configuration: hurried }],
] as [string, Lie, string, Partial<Refusal>?][]) {
  story(`F7: ${what}`, () => refused(lie, { code, ...more }).then(() => {}))
}

story('F7: indexes that lead to indexes without end', async () => {
  const platform = { os: 'linux', architecture: process.arch === 'arm64' ? 'arm64' : 'amd64' }
  const blobs = new Map<string, Buffer>()
  let last = Buffer.from('{}')
  for (let depth = 0; depth < 100; depth += 1) {
    blobs.set(sha256(last), last)
    last = Buffer.from(JSON.stringify({
      schemaVersion: 2, mediaType: indexType, manifests: [{ mediaType: indexType, digest: sha256(last), size: last.length, platform }],
    }))
  }
  const { server } = await refused((what, _, response) => {
    response.setHeader('content-type', indexType).end(blobs.get(what.replace('manifests/', '')) ?? last)
    return true
  }, { code: 'IMAGE_DOCUMENT_INVALID' })
  assert.ok(server.asked.length < 10)
})

story('F7: a server that changes its mind between two requests', async () => {
  let count = 0
  const other = makeImage(Buffer.concat([mebi, Buffer.alloc(1024)]))
  await refused((what, _, response) => {
    if (what.startsWith('manifests/')) return false
    count += 1
    response.end(count === 1 ? other.config : other.layer)
    return true
  }, { code: 'IMAGE_DIGEST_MISMATCH' })
})
