import { isRocketError } from '@rocket/contracts'
import { parseManifestOrIndex } from '@rocket/image'
import { verifyBytes } from '../oci/verify-bytes.ts'
import type { RegistryClient } from '../registry/registry-client.ts'
import type { RegistryImage } from '../registry/registry-image.ts'
import type { AboutImage, SignaturePlace } from './find-signatures.ts'

/** So many manifests about one are looked at; a place that has more is filled by somebody else. */
const mostReferrers = 64
const signatureTypes = /^application\/vnd\.dev\.(sigstore\.bundle|cosign\.artifact\.sig)/

/**
 * The signatures of an image in a registry and its mirrors: under cosign's tag, and among the referrers, by the API or by the tag that stands in
 * for it. What a mirror cannot answer is passed over with a message: it may only lose us signatures, never add one that does not hold.
 * Spec: OCI distribution-spec, "Listing Referrers"; sigstore/cosign, specs/SIGNATURE_SPEC.md.
 */
export function signaturesAt(image: RegistryImage, debug: (message: string) => void): SignaturePlace {
  return {
    about: async (digest) => {
      const found = await Promise.all(image.places.map(async ({ client }, index) => {
        try {
          return [...await underTag(client, digest), ...await referringTo(client, digest)]
        } catch (error) {
          if (!isRocketError(error) || index === image.places.length - 1) throw error
          debug(`the mirror ${client.name} was not asked for signatures: ${error.message}`)
          return []
        }
      }))
      return found.flat()
    },
    read: (descriptor, mostBytes) => image.getSmallBlob(descriptor, 'a signature', mostBytes),
  }
}

async function underTag(client: RegistryClient, digest: string): Promise<AboutImage[]> {
  const tag = `${digest.replace(':', '-')}.sig`
  const manifest = await client.findManifest(tag)
  return manifest === undefined ? [] : [{ bytes: manifest.bytes, mediaType: manifest.contentType, where: `${client.name}:${tag}` }]
}

async function referringTo(client: RegistryClient, digest: string): Promise<AboutImage[]> {
  const index = await client.findReferrers(digest) ?? (await client.findManifest(digest.replace(':', '-')))?.bytes
  if (index === undefined) return []
  const parsed = parseManifestOrIndex(index)
  const listed = parsed.kind === 'index' ? parsed.index.manifests : []
  const signatures = listed.filter(({ artifactType }) => artifactType === undefined || signatureTypes.test(artifactType)).slice(0, mostReferrers)
  const found: AboutImage[] = []
  for (const descriptor of signatures) {
    const manifest = await client.findManifest(descriptor.digest)
    if (manifest === undefined) continue
    verifyBytes(manifest.bytes, descriptor, 'a manifest of a signature')
    found.push({ bytes: manifest.bytes, mediaType: manifest.contentType, where: `${client.name}@${descriptor.digest}` })
  }
  return found
}
