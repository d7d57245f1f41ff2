import type { OciDescriptor, OciManifest } from '@rocket/contracts'
import { checkIsImage, pairLayers, parseImageConfig } from '@rocket/image'
import { formatDockerReference, type DockerReference } from '../docker-reference.ts'
import type { BlobReader } from '../registry/read-blob.ts'
import { openRegistryImage, type RegistryImage } from '../registry/registry-image.ts'
import type { Imported, Session } from '../session.ts'
import { findSignatures } from '../verify/find-signatures.ts'
import { openOciCheck } from '../verify/oci-check.ts'
import { signaturesAt } from '../verify/registry-signatures.ts'
import { findManifest } from './find-manifest.ts'
import { findOciRecord, importOci, type OciImage } from './import-oci.ts'

/** As much as a configuration may have; the image package says the same when it reads one. */
const maxConfigBytes = 8 * 1024 * 1024

/**
 * An image from a registry, or from the mirrors that stand before it. Throws SIGNATURE_*, REGISTRY_*, IMAGE_DIGEST_MISMATCH,
 * PLATFORM_NOT_FOUND, and what importing throws.
 */
export async function fetchFromRegistry(
  { key, docker: asked }: { key: string; docker: DockerReference }, session: Session, signatureFile?: string,
): Promise<Imported> {
  const { debug, warn } = session.context
  const network = await session.network()
  const { reference, endpoints } = network.resolve(asked)
  const source = formatDockerReference(reference)
  const check = await openOciCheck({ name: `${reference.registry}/${reference.repository}`, isClaimed: false, signatureFile }, session)
  debug(`remote fetching from URL ${JSON.stringify(source)}`)
  if (session.request.insecure.tls) warn('warning: TLS verification has been disabled')
  const image = openRegistryImage(endpoints.map((endpoint) => ({ client: network.client(endpoint), tags: endpoint.tags })), debug)
  const { bytes, manifest, chain } = await findManifest(image, reference, session.platform)
  const judgement = await check.judge(chain, () => findSignatures(chain.map(({ digest }) => digest), signaturesAt(image, debug), debug))
  const names = { name: imageName(reference), version: reference.tag, reference: source, docker: reference }
  const record = findOciRecord(bytes, session) ?? await importOci(await readImage(image, bytes, manifest), session, names)
  const others = record.manifest.labels.filter((label) => label.name !== 'version')
  const labels = reference.tag === '' ? others : [{ name: 'version', value: reference.tag }, ...others]
  const keys = [key.replace(formatDockerReference(asked), source)]
  return { record, judgement, name: names.name, labels, source, latest: reference.tag === 'latest', keys }
}

async function readImage(image: RegistryImage, manifestBytes: Buffer, manifest: OciManifest): Promise<OciImage> {
  checkIsImage(manifest)
  const configBytes = await image.getSmallBlob(manifest.config, 'the configuration', maxConfigBytes)
  const config = parseImageConfig(configBytes)
  const readers = new Map<string, BlobReader>()
  const readerOf = (layer: OciDescriptor): BlobReader => {
    const reader = readers.get(layer.digest) ?? image.readBlob(layer)
    readers.set(layer.digest, reader)
    return reader
  }
  return {
    manifestBytes, manifest, configBytes, config, from: 'server', layers: pairLayers(manifest, config).map(
      ({ layer, diffId }) => ({ descriptor: layer, diffId })
    ),
    openLayer: (layer, signal, fromByte) => readerOf(layer).open(fromByte, signal),
    mayTryAgain: (layer) => readerOf(layer).mayTryAgain(),
  }
}

/** rkt's name of such an image; a port's colon cannot be in one. */
function imageName({ registry, repository }: DockerReference): string {
  return `${registry}/${repository}`.toLowerCase().replace(/[^a-z0-9._~/-]/g, '_').replace(/^[^a-z0-9]+/, '')
}
