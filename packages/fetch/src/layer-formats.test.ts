import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { makeWorkshop } from './testing/fetch-in.ts'
import { packDirectory } from './testing/make-layout.ts'
import { listen, sendRange } from './testing/serve-layout.ts'

const digestOf = (bytes: Buffer): string => `sha256:${createHash('sha256').update(bytes).digest('hex')}`

/** As zstd:chunked has it: a frame for each piece, then a table of contents and a footer in frames that readers skip. */
function zstdChunked(tar: Buffer): Buffer {
  const frames: Buffer[] = []
  for (let at = 0; at < tar.length; at += 10_000) frames.push(zstdCompressSync(tar.subarray(at, at + 10_000)))
  const skippable = (content: Buffer): Buffer => {
    const head = Buffer.alloc(8)
    head.writeUInt32LE(0x184d2a50, 0)
    head.writeUInt32LE(content.length, 4)
    return Buffer.concat([head, content])
  }
  return Buffer.concat([...frames, skippable(zstdCompressSync(Buffer.from('{"version":1,"entries":[]}'))), skippable(Buffer.alloc(64, 1))])
}

for (const [name, mediaType, pack, annotations] of [
  ['plain', 'application/vnd.oci.image.layer.v1.tar', (tar) => tar],
  ['gzip', 'application/vnd.oci.image.layer.v1.tar+gzip', (tar) => gzipSync(tar)],
  ['gzip of docker', 'application/vnd.docker.image.rootfs.diff.tar.gzip', (tar) => gzipSync(tar)],
  ['gzip in several members', 'application/vnd.oci.image.layer.v1.tar+gzip', (tar) => Buffer.concat([gzipSync(tar.subarray(0, 9000)), gzipSync(tar.subarray(9000))])],
  ['zstd', 'application/vnd.oci.image.layer.v1.tar+zstd', (tar) => zstdCompressSync(tar)],
  ['zstd:chunked', 'application/vnd.oci.image.layer.v1.tar+zstd', zstdChunked, {
    'io.github.containers.zstd-chunked.manifest-checksum': `sha256:${'0'.repeat(64)}`, 'io.github.containers.zstd-chunked.manifest-position': '1:2:3:1',
  }],
  // F2: what we do not use may say what it likes.
  ['plain, with annotations that are broken', 'application/vnd.oci.image.layer.v1.tar', (tar) => tar, {
    'io.containerd.manifest.subject': 'sha256:../..', 'io.github.containers.zstd-chunked.manifest-position': '-1:x',
  }],
] as [string, string, (tar: Buffer) => Buffer, Record<string, string>?][]) {
  test(`takes a layer that is ${name}`, async (t) => {
    const workshop = makeWorkshop(t)
    const root = join(workshop.directory, 'root')
    mkdirSync(root)
    const content = createHash('sha512').update(name).digest('hex').repeat(500)
    writeFileSync(join(root, 'file'), content)
    const tar = packDirectory(root)
    const layer = pack(tar)
    const config = Buffer.from(JSON.stringify({
      architecture: process.arch === 'arm64' ? 'arm64' : 'amd64', os: 'linux', config: { Cmd: ['/file'] }, rootfs: { type: 'layers', diff_ids: [digestOf(tar)] },
    }))
    const manifest = JSON.stringify({
      schemaVersion: 2, mediaType: 'application/vnd.oci.image.manifest.v1+json', annotations,
      config: { mediaType: 'application/vnd.oci.image.config.v1+json', digest: digestOf(config), size: config.length },
      layers: [{ mediaType, digest: digestOf(layer), size: layer.length, annotations }],
    })
    const host = await listen(t, (request, response) => {
      if (request.url!.includes('/manifests/')) response.setHeader('content-type', 'application/vnd.oci.image.manifest.v1+json').end(manifest)
      else sendRange(request, response, request.url!.endsWith(digestOf(layer)) ? layer : config)
    })
    const [record] = await workshop.fetch([`docker://${host}/app`])
    const tree = record!.layers[0]!.tree!.replace('store:', '')
    assert.equal(readFileSync(join(workshop.store.directory, tree, 'file'), 'utf8'), content)
  })
}
