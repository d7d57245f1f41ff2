import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { CosignLayer } from '@rocket/trust/testing'
import type { TestDescriptor } from './make-layout.ts'

const manifestType = 'application/vnd.oci.image.manifest.v1+json'
const emptyType = 'application/vnd.oci.empty.v1+json'

/** With everything that it refers to. */
export interface SignatureManifest {
  bytes: Buffer
  blobs: Buffer[]
}

/** The image of signatures that cosign writes in its first format; `subject` makes a referrer of it. */
export function signatureImage(layers: readonly CosignLayer[], subject?: TestDescriptor): SignatureManifest {
  const config = Buffer.from('{"architecture":"","os":"","config":{},"rootfs":{"type":"layers","diff_ids":[]}}')
  return {
    blobs: [config, ...layers.map(({ payload }) => payload)],
    bytes: Buffer.from(JSON.stringify({
      schemaVersion: 2, mediaType: manifestType, config: describe(config, 'application/vnd.oci.image.config.v1+json'),
      ...(subject === undefined ? {} : { artifactType: 'application/vnd.dev.cosign.artifact.sig.v1+json', subject }),
      layers: layers.map(({ payload, annotations }) => ({ ...describe(payload, 'application/vnd.dev.cosign.simplesigning.v1+json'), annotations })),
    })),
  }
}

/** A bundle as cosign attaches it today: a referrer of the image. */
export function bundleImage(bundle: Buffer, subject: TestDescriptor): SignatureManifest {
  const type = 'application/vnd.dev.sigstore.bundle.v0.3+json'
  const empty = Buffer.from('{}')
  return {
    blobs: [empty, bundle],
    bytes: Buffer.from(JSON.stringify({
      schemaVersion: 2, mediaType: manifestType, artifactType: type, config: describe(empty, emptyType), layers: [describe(bundle, type)], subject,
    })),
  }
}

/** Puts it into a layout, under a tag or as a referrer that only the index lists. */
export function addToLayout(directory: string, { bytes, blobs }: SignatureManifest, tag?: string): void {
  for (const blob of [...blobs, bytes]) {
    mkdirSync(join(directory, 'blobs/sha256'), { recursive: true })
    writeFileSync(join(directory, 'blobs/sha256', hexOf(blob)), blob)
  }
  const path = join(directory, 'index.json')
  const index = JSON.parse(readFileSync(path, 'utf8')) as { manifests: object[] }
  const annotations = tag === undefined ? {} : { annotations: { 'org.opencontainers.image.ref.name': tag } }
  writeFileSync(path, JSON.stringify({ ...index, manifests: [...index.manifests, { ...describe(bytes, manifestType), ...annotations }] }))
}

/** Puts it into a registry by its API: under a tag, or by its digest alone. */
export async function addToRegistry(host: string, repository: string, { bytes, blobs }: SignatureManifest, tag?: string): Promise<void> {
  const base = `http://${host}/v2/${repository}`
  for (const blob of blobs) {
    const { headers } = await fetch(`${base}/blobs/uploads/`, { method: 'POST' })
    const to = new URL(headers.get('location')!, base)
    to.searchParams.set('digest', `sha256:${hexOf(blob)}`)
    expectOk(await fetch(to, { method: 'PUT', body: new Uint8Array(blob), headers: { 'content-type': 'application/octet-stream' } }))
  }
  const what = tag ?? `sha256:${hexOf(bytes)}`
  expectOk(await fetch(`${base}/manifests/${what}`, { method: 'PUT', body: new Uint8Array(bytes), headers: { 'content-type': manifestType } }))
}

/** The tag at which those look for referrers whose registry has no API for it: an index of them. */
export async function addFallbackTag(host: string, repository: string, subject: TestDescriptor, referrers: readonly SignatureManifest[]): Promise<void> {
  const mediaType = 'application/vnd.oci.image.index.v1+json'
  const index = JSON.stringify({ schemaVersion: 2, mediaType, manifests: referrers.map(({ bytes }) => describe(bytes, manifestType)) })
  const tag = subject.digest.replace(':', '-')
  expectOk(await fetch(`http://${host}/v2/${repository}/manifests/${tag}`, { method: 'PUT', body: index, headers: { 'content-type': mediaType } }))
}

export function describe(bytes: Buffer, mediaType: string = manifestType): TestDescriptor {
  return { mediaType, digest: `sha256:${hexOf(bytes)}`, size: bytes.length }
}

function hexOf(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex')
}

function expectOk(response: Response): void {
  if (!response.ok) throw new Error(`${response.url} answered ${response.status}`)
}
