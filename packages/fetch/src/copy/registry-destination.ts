import type { OciDescriptor } from '@rocket/contracts'
import { parseManifestOrIndex, type CopiedReferrer, type CopyPlan, type ImageDestination } from '@rocket/image'
import { formatDockerReference, type DockerReference } from '../docker-reference.ts'
import type { Network } from '../registry/open-network.ts'
import type { RegistryClient } from '../registry/registry-client.ts'

const indexType = 'application/vnd.oci.image.index.v1+json'

/**
 * A repository of a registry. Blobs go first, each only if it is not there; then manifests by digest, what refers to them, and last of all the
 * tag: until then nobody finds anything new under it. `mountFrom` is a repository of the same registry that has the blobs. Throws REGISTRY_*.
 * Spec: OCI distribution-spec, "Push".
 */
export function openRegistryDestination(asked: DockerReference, network: Network, mountFrom: DockerReference | undefined): ImageDestination {
  const { reference } = network.resolve(asked)
  const registry = network.client(reference)
  const from = mountFrom === undefined ? undefined : network.resolve(mountFrom).reference
  const mountable = from !== undefined && from.registry === reference.registry && from.repository !== reference.repository ? from.repository : undefined
  let plan: CopyPlan | undefined
  return {
    name: formatDockerReference(reference),
    atOnce: 6,
    begin: (given) => void (plan = given),
    putBlob: async ({ digest, size }, open) => (
      (await registry.putBlob({ digest, sizeBytes: size, open, from: mountable })) === 'sent' ? 'sent' : 'there'
    ),
    finish: async () => {
      const { root, children, referrers } = plan!
      for (const { descriptor, bytes } of [...children, root]) await registry.putManifest(descriptor.digest, bytes, descriptor.mediaType)
      for (const referrer of referrers) await putReferrer(registry, referrer)
      if (reference.tag !== '') await registry.putManifest(reference.tag, root.bytes, root.descriptor.mediaType)
    },
    close: () => {},
  }
}

/**
 * A registry that knows subjects says so in its answer; for one that does not, the list of what refers to an image is a manifest under a tag,
 * which clients keep. Spec: OCI distribution-spec, "Pushing Manifests with Subject".
 */
async function putReferrer(registry: RegistryClient, { descriptor, bytes, tag, about }: CopiedReferrer): Promise<void> {
  const { knowsSubject } = await registry.putManifest(tag ?? descriptor.digest, bytes, descriptor.mediaType)
  if (tag !== undefined || knowsSubject) return
  const listTag = about.replace(':', '-')
  const known = await registry.findManifest(listTag)
  const manifests = known === undefined ? [] : entriesOf(known.bytes)
  if (manifests.some(({ digest }) => digest === descriptor.digest)) return
  const list = { schemaVersion: 2, mediaType: indexType, manifests: [...manifests, describeReferrer(descriptor, bytes)] }
  await registry.putManifest(listTag, Buffer.from(JSON.stringify(list)), indexType)
}

/** As they are: what others wrote in the list stays. */
function entriesOf(bytes: Buffer): { digest?: string }[] {
  return parseManifestOrIndex(bytes).kind === 'index' ? (JSON.parse(bytes.toString('utf8')) as { manifests: object[] }).manifests : []
}

function describeReferrer({ mediaType, digest, size }: OciDescriptor, bytes: Buffer): object {
  const parsed = parseManifestOrIndex(bytes, mediaType)
  const document = parsed.kind === 'manifest' ? parsed.manifest : parsed.index
  const artifactType = document.artifactType ?? (parsed.kind === 'manifest' ? parsed.manifest.config.mediaType : undefined)
  return {
    mediaType, digest, size,
    ...(artifactType === undefined ? {} : { artifactType }),
    ...(document.annotations == null ? {} : { annotations: document.annotations }),
  }
}
