import { createHash } from 'node:crypto'
import { execFileSync } from 'node:child_process'
import { closeSync, mkdirSync, openSync, readSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

export interface LayoutOptions {
  /** One tar per layer, bottom first, not compressed. */
  layers: readonly string[]
  command: readonly string[]
  exposedPorts?: readonly string[]
}

const architectures: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64' }

/** An OCI image layout with one image, tagged `bench`, its layers compressed with gzip. */
export function writeLayout(directory: string, options: LayoutOptions): void {
  const blobs = join(directory, 'blobs/sha256')
  mkdirSync(blobs, { recursive: true })
  const add = (mediaType: string, value: object): object => {
    const bytes = Buffer.from(JSON.stringify(value))
    const hex = createHash('sha256').update(bytes).digest('hex')
    writeFileSync(join(blobs, hex), bytes)
    return { mediaType, digest: `sha256:${hex}`, size: bytes.length }
  }
  const diffIds = options.layers.map((layer) => `sha256:${hashFile(layer)}`)
  const layers = options.layers.map((layer) => addLayer(blobs, layer))
  const config = add('application/vnd.oci.image.config.v1+json', {
    architecture: architectures[process.arch], os: 'linux', rootfs: { type: 'layers', diff_ids: diffIds },
    config: { Cmd: options.command, ExposedPorts: Object.fromEntries((options.exposedPorts ?? []).map((port) => [port, {}])) },
  })
  const manifest = add('application/vnd.oci.image.manifest.v1+json', {
    schemaVersion: 2, mediaType: 'application/vnd.oci.image.manifest.v1+json', config, layers,
  })
  writeFileSync(join(directory, 'index.json'), JSON.stringify({
    schemaVersion: 2, manifests: [{ ...manifest, annotations: { 'org.opencontainers.image.ref.name': 'bench' } }],
  }))
  writeFileSync(join(directory, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}')
}

function addLayer(blobs: string, tar: string): object {
  const packed = join(blobs, 'new')
  const out = openSync(packed, 'w')
  execFileSync('gzip', ['-n', '-6', '-c', tar], { stdio: ['ignore', out, 'inherit'] })
  closeSync(out)
  const hex = hashFile(packed)
  const size = statSync(packed).size
  renameSync(packed, join(blobs, hex))
  rmSync(tar)
  return { mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip', digest: `sha256:${hex}`, size }
}

function hashFile(path: string): string {
  const hash = createHash('sha256')
  const fd = openSync(path, 'r')
  const buffer = Buffer.allocUnsafe(1 << 20)
  for (let length = readSync(fd, buffer); length > 0; length = readSync(fd, buffer)) hash.update(buffer.subarray(0, length))
  closeSync(fd)
  return hash.digest('hex')
}
