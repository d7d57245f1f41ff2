import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync, zstdCompressSync } from 'node:zlib'

export interface LayoutOptions {
  compression?: 'gzip' | 'zstd' | 'none'
  config?: Record<string, unknown>
  tag?: string
  architecture?: string
  tarOptions?: readonly string[]
}

export interface MadeLayout {
  directory: string
  manifestDigest: string
  manifest: Buffer
}

export interface TestDescriptor {
  mediaType: string
  digest: string
  size: number
}

/** An OCI image layout of one image with one tag; each layer is a directory that GNU tar packs, or a tar. */
export function makeLayout(directory: string, layers: readonly (string | Buffer)[], options: LayoutOptions = {}): MadeLayout {
  mkdirSync(join(directory, 'blobs/sha256'), { recursive: true })
  const add = (bytes: Buffer, mediaType: string): TestDescriptor => {
    const hex = createHash('sha256').update(bytes).digest('hex')
    writeFileSync(join(directory, 'blobs/sha256', hex), bytes)
    return { mediaType, digest: `sha256:${hex}`, size: bytes.length }
  }
  const tars = layers.map((layer) => (typeof layer === 'string' ? packDirectory(layer, options.tarOptions) : layer))
  const compression = options.compression ?? 'gzip'
  const compress = {
    gzip: (tar: Buffer) => gzipSync(tar, { level: 1 }), zstd: (tar: Buffer) => zstdCompressSync(tar), none: (tar: Buffer) => tar,
  }[compression]
  const suffix = compression === 'none' ? '' : `+${compression}`
  const described = tars.map((tar) => add(compress(tar), `application/vnd.oci.image.layer.v1.tar${suffix}`))
  const config = add(Buffer.from(JSON.stringify({
    architecture: options.architecture ?? { x64: 'amd64', arm64: 'arm64' }[process.arch as 'x64' | 'arm64'], os: 'linux', config: {
      Cmd: ['/bin/true'], ...options.config,
    },
    rootfs: { type: 'layers', diff_ids: tars.map((tar) => `sha256:${createHash('sha256').update(tar).digest('hex')}`) },
  })), 'application/vnd.oci.image.config.v1+json')
  const manifest = Buffer.from(
    JSON.stringify({ schemaVersion: 2, mediaType: 'application/vnd.oci.image.manifest.v1+json', config, layers: described })
  )
  const root = add(manifest, 'application/vnd.oci.image.manifest.v1+json')
  writeFileSync(join(directory, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}')
  writeFileSync(join(directory, 'index.json'), JSON.stringify({
    schemaVersion: 2, mediaType: 'application/vnd.oci.image.index.v1+json',
    manifests: [{ ...root, annotations: { 'org.opencontainers.image.ref.name': options.tag ?? 'latest' } }],
  }))
  return { directory, manifestDigest: root.digest, manifest }
}

const asItIs = ['--numeric-owner', '--xattrs', '--xattrs-include=*', '--sort=name', '--pax-option=delete=atime,delete=ctime']

export function packDirectory(directory: string, tarOptions: readonly string[] = asItIs): Buffer {
  return execFileSync('tar', [...tarOptions, '-C', directory, '-c', '.'], { maxBuffer: 2 ** 31 - 1 })
}
