import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { makeLayout, type TestDescriptor } from './make-layout.ts'

export interface SignedLayout {
  directory: string
  /** Tagged `v1`. */
  index: string
  /** By architecture, in OCI's words. */
  manifests: Record<'amd64' | 'arm64', string>
  /** What refers to the index or to one of its images, and what refers to that: by digest or by cosign's tag. */
  referrers: string[]
  cosignTag: string
}

/**
 * An image for two architectures, with an attestation in docker's way, a signature in cosign's, a list of parts that names its subject, and a
 * signature of that list: the forms in which things about images are kept.
 */
export function makeSignedLayout(directory: string, content: string = 'content'.repeat(5000)): SignedLayout {
  const entries: object[] = []
  const manifests: Partial<SignedLayout['manifests']> = {}
  const images: object[] = []
  const add = (bytes: Buffer, mediaType: string): TestDescriptor => {
    const hex = createHash('sha256').update(bytes).digest('hex')
    mkdirSync(join(directory, 'blobs/sha256'), { recursive: true })
    writeFileSync(join(directory, 'blobs/sha256', hex), bytes)
    return { mediaType, digest: `sha256:${hex}`, size: bytes.length }
  }
  const addManifest = (more: object, layer: string): TestDescriptor => add(Buffer.from(JSON.stringify({
    schemaVersion: 2, mediaType: manifestType, config: add(Buffer.from('{}'), 'application/vnd.oci.empty.v1+json'),
    layers: [add(Buffer.from(layer), 'application/vnd.test.document')], ...more,
  })), manifestType)
  for (const architecture of ['amd64', 'arm64'] as const) {
    const root = join(directory, `../root-${architecture}`)
    mkdirSync(root, { recursive: true })
    writeFileSync(join(root, 'f'), `${architecture} ${content}`)
    const made = makeLayout(directory, [root], { architecture })
    const size = readFileSync(join(directory, 'blobs', made.manifestDigest.replace(':', '/'))).length
    manifests[architecture] = made.manifestDigest
    images.push({ mediaType: manifestType, digest: made.manifestDigest, size, platform: { os: 'linux', architecture } })
  }
  const attestation = addManifest({}, 'attestation')
  images.push({
    ...attestation, platform: { os: 'unknown', architecture: 'unknown' },
    annotations: { 'vnd.docker.reference.type': 'attestation-manifest', 'vnd.docker.reference.digest': manifests.amd64 },
  })
  const index = add(Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: indexType, manifests: images })), indexType)
  const cosignTag = `${index.digest.replace(':', '-')}.sig`
  const signature = addManifest({}, 'signature')
  const parts = addManifest({ artifactType: 'application/vnd.test.sbom', subject: index, annotations: { of: 'parts' } }, 'parts')
  const partsSignature = addManifest({ artifactType: 'application/vnd.test.signature', subject: parts }, 'signature of the parts')
  const ofImage = addManifest({ artifactType: 'application/vnd.test.sbom', subject: images[0] }, 'parts of the image')
  entries.push({ ...index, annotations: { [refName]: 'v1' } }, { ...signature, annotations: { [refName]: cosignTag } }, parts, partsSignature, ofImage)
  writeFileSync(join(directory, 'index.json'), JSON.stringify({ schemaVersion: 2, mediaType: indexType, manifests: entries }))
  return {
    directory, index: index.digest, manifests: manifests as SignedLayout['manifests'], cosignTag,
    referrers: [signature, parts, partsSignature, ofImage].map(({ digest }) => digest),
  }
}

const refName = 'org.opencontainers.image.ref.name'
const manifestType = 'application/vnd.oci.image.manifest.v1+json'
const indexType = 'application/vnd.oci.image.index.v1+json'
