import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { ServerResponse } from 'node:http'
import { join } from 'node:path'
import { startServer } from '../fixtures/registry.ts'
import { names } from '../program/home.ts'
import { story, tellStories } from '../program/story.ts'

const stage = tellStories()

/** A manifest of one layer, as a registry would serve it. */
function oneLayer(layer: Buffer): { manifest: string; config: string; digest: (bytes: Buffer | string) => string } {
  const digest = (bytes: Buffer | string): string => `sha256:${createHash('sha256').update(bytes).digest('hex')}`
  const architecture = process.arch === 'arm64' ? 'arm64' : 'amd64'
  const config = JSON.stringify({
    architecture, os: 'linux', config: { Cmd: ['/bin/true'] }, rootfs: { type: 'layers', diff_ids: [digest(layer)] },
  })
  const descriptor = (kind: string, bytes: Buffer | string): object =>
    ({ mediaType: `application/vnd.oci.image.${kind}`, digest: digest(bytes), size: Buffer.byteLength(bytes) })
  const manifest = JSON.stringify({
    schemaVersion: 2, mediaType: 'application/vnd.oci.image.manifest.v1+json',
    config: descriptor('config.v1+json', config), layers: [descriptor('layer.v1.tar', layer)],
  })
  return { manifest, config, digest }
}

for (const [what, status, code] of [
  ['wants credentials', 401, 'REGISTRY_UNAUTHORIZED'], ['forbids', 403, 'REGISTRY_UNAUTHORIZED'],
  ['does not have the image', 404, 'REGISTRY_NOT_FOUND'],
  ['fails', 500, 'REGISTRY_FAILED'],
] as const) {
  story(`a registry that ${what} is told by its status ${status}, and the pod is collected`, async () => {
    const { home } = stage
    const server = await startServer((_, response) => response.writeHead(status).end())
    try {
      for (const words of [['fetch'], ['run', '--net=none'], ['prepare']]) {
        const { exitCode, stdout, stderr } = await home.rkt([
          ...words, '--insecure-options=image,http', `docker://${server.host}/some/image:1`,
        ])
        assert.deepEqual([exitCode, stdout], [254, ''], stderr)
        assert.match(stderr, new RegExp(`\\[${code}\\]\n {2}try: `))
        assert.ok(stderr.includes(server.host), stderr)
      }
    } finally {
      await server.close()
    }
  })
}

const endings: readonly (readonly [string, string, (response: ServerResponse, layer: Buffer) => void])[] = [
  ['stops in the middle of a layer', 'REGISTRY_UNREACHABLE|REGISTRY_ANSWER_INVALID', (response, layer) => {
    response.writeHead(200, { 'content-length': layer.length })
    response.write(layer.subarray(0, layer.length >> 1), () => response.destroy())
  }],
  ['serves other bytes than it announced', 'LAYER_DIGEST_MISMATCH', (response, layer) => response.end(Buffer.alloc(layer.length))],
]

for (const [what, code, answer] of endings) {
  story(`a registry that ${what} leaves no half image`, async () => {
    const { home, images } = stage
    const layer = readFileSync(images.busybox)
    const { manifest, config, digest } = oneLayer(layer)
    const server = await startServer(({ url = '' }, response) => {
      if (url.includes('/manifests/')) response.setHeader('content-type', 'application/vnd.oci.image.manifest.v1+json').end(manifest)
      else if (url.endsWith(digest(config))) response.end(config)
      else if (url.includes('/blobs/')) answer(response, layer)
      else response.end()
    })
    try {
      const { exitCode, stderr } = await home.rkt(['fetch', '--insecure-options=image,http', `docker://${server.host}/some/image:1`])
      assert.equal(exitCode, 254)
      assert.match(stderr, new RegExp(`\\[(${code})\\]\n {2}try: `))
      assert.doesNotMatch((await home.rkt(['image', 'list'])).stdout, /some/)
      assert.deepEqual(names(join(home.data, 'cas/images')), [])
      // What a transfer that broke off leaves for the next one is no image.
      assert.deepEqual(names(join(home.data, 'cas/ingest')).filter((name) => !name.endsWith('.partial')), [])
    } finally {
      await server.close()
    }
  })
}
