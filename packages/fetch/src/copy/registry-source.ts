import { RocketError, type OciDescriptor } from '@rocket/contracts'
import { parseManifestOrIndex, type ImageSource, type Referrer } from '@rocket/image'
import { formatDockerReference, type DockerReference } from '../docker-reference.ts'
import { verifyBytes } from '../oci/verify-bytes.ts'
import { openRegistryImage } from '../registry/registry-image.ts'
import { registryImageName } from './registry-image-name.ts'
import type { Network } from '../registry/open-network.ts'
import type { RegistryClient } from '../registry/registry-client.ts'

/** What cosign puts beside an image, under a tag made of its digest. */
const cosignSuffixes = ['sig', 'att', 'sbom']

/**
 * An image in a registry, or in the mirrors before it; what refers to it is asked of the registry itself. Throws REGISTRY_*,
 * IMAGE_DIGEST_MISMATCH, IMAGE_DOCUMENT_INVALID, IMAGE_DOCUMENT_AMBIGUOUS.
 */
export async function openRegistrySource(asked: DockerReference, network: Network, debug: (message: string) => void): Promise<ImageSource> {
  const { reference, endpoints } = network.resolve(asked)
  const places = openRegistryImage(endpoints.map((endpoint) => ({ client: network.client(endpoint), tags: endpoint.tags })), debug)
  const registry = places.places.at(-1)!.client
  const { bytes, contentType } = await places.getManifest(reference.digest ?? reference.tag)
  const { mediaType, digest } = parseManifestOrIndex(bytes, contentType)
  const root = { mediaType, digest: reference.digest ?? digest, size: bytes.length }
  verifyBytes(bytes, root, 'the manifest')
  return {
    name: formatDockerReference(reference),
    tag: reference.tag === '' ? undefined : reference.tag,
    imageName: registryImageName(reference),
    root,
    readDocument: async (descriptor, mostBytes) => {
      if (descriptor.digest === root.digest) return bytes
      if (!isManifest(descriptor)) return places.getSmallBlob(descriptor, 'the document', mostBytes)
      const found = await places.getManifest(descriptor.digest)
      verifyBytes(found.bytes, descriptor, 'the manifest')
      return found.bytes
    },
    openBlob: (descriptor, signal) => places.readBlob(descriptor).open(0, signal),
    findReferrers: (about) => findReferrers(registry, about),
    close: () => {},
  }
}

function isManifest({ mediaType }: OciDescriptor): boolean {
  return /\.(manifest|index)\.|manifest\.list/.test(mediaType)
}

/**
 * By the referrers API, and where a registry has none by the tag that stands for it; and by cosign's tags. Spec: OCI distribution-spec,
 * "Listing Referrers", "Unavailable Referrers API"; cosign, SPEC.md.
 */
async function findReferrers(registry: RegistryClient, about: string): Promise<Referrer[]> {
  const tag = about.replace(':', '-')
  const [list, ...byTag] = await Promise.all([
    findList(registry, about, tag),
    ...cosignSuffixes.map((suffix) => findTagged(registry, `${tag}.${suffix}`)),
  ])
  return [...list.map((descriptor) => ({ descriptor })), ...byTag.flat()]
}

async function findList(registry: RegistryClient, about: string, tag: string): Promise<OciDescriptor[]> {
  const bytes = await registry.findReferrers(about) ?? (await registry.findManifest(tag))?.bytes
  if (bytes === undefined) return []
  const list = parseManifestOrIndex(bytes)
  if (list.kind === 'index') return list.index.manifests
  throw new RocketError('REGISTRY_ANSWER_INVALID', { what: `what refers to ${about} in ${registry.name} was not read`, why: 'the list of it is no index' })
}

async function findTagged(registry: RegistryClient, tag: string): Promise<Referrer[]> {
  const found = await registry.findManifest(tag)
  if (found === undefined) return []
  const { mediaType, digest } = parseManifestOrIndex(found.bytes, found.contentType)
  return [{ descriptor: { mediaType, digest, size: found.bytes.length }, tag }]
}
