import type { OciManifest } from '@rocket/contracts'
import { checkIsImage, pairLayers, parseImageConfig } from '@rocket/image'
import { formatDockerReference, type DockerReference } from '../docker-reference.ts'
import { readBody } from '../http/read-body.ts'
import { createRegistryClient, type RegistryClient } from '../registry/registry-client.ts'
import { requireWaiver, type Imported, type Session } from '../session.ts'
import { findManifest } from './find-manifest.ts'
import { findOciRecord, importOci, type OciImage } from './import-oci.ts'
import { verifyBytes } from './verify-bytes.ts'

/** As much as a configuration may have; the image package says the same when it reads one. */
const maxConfigBytes = 8 * 1024 * 1024

/**
 * An image from a registry. Throws SIGNATURE_REQUIRED, REGISTRY_*, IMAGE_DIGEST_MISMATCH, PLATFORM_NOT_FOUND, and what importing throws.
 */
export async function fetchFromRegistry(reference: DockerReference, session: Session): Promise<Imported> {
  const source = formatDockerReference(reference)
  requireWaiver(session, { what: 'signature verification for docker images is not supported (try --insecure-options=image)' })
  session.context.debug(`remote fetching from URL ${JSON.stringify(source)}`)
  if (session.request.insecure.tls) session.context.warn('warning: TLS verification has been disabled')
  const client = createRegistryClient(reference, {
    http: await session.http(), allowHttp: session.request.insecure.http,
    authorization: session.credentials().registries.get(reference.registry),
  })
  const { bytes, manifest } = await findManifest(client, reference)
  const names = { name: imageName(reference), version: reference.tag, reference: source, docker: reference }
  const record = findOciRecord(bytes, session) ?? await importOci(await readImage(client, bytes, manifest), session, names)
  const others = record.manifest.labels.filter((label) => label.name !== 'version')
  const labels = reference.tag === '' ? others : [{ name: 'version', value: reference.tag }, ...others]
  return { record, name: names.name, labels, source, latest: reference.tag === 'latest' }
}

async function readImage(client: RegistryClient, manifestBytes: Buffer, manifest: OciManifest): Promise<OciImage> {
  checkIsImage(manifest)
  const configBytes = await readBody(await client.getBlob(manifest.config.digest), maxConfigBytes)
  verifyBytes(configBytes, manifest.config, 'the configuration')
  const config = parseImageConfig(configBytes)
  return {
    manifestBytes, manifest, configBytes, config, from: 'server', layers: pairLayers(manifest, config).map(
      ({ layer, diffId }) => ({ descriptor: layer, diffId })
    ),
    openLayer: async ({ digest }, signal) => (await client.getBlob(digest, signal)).body,
  }
}

/** rkt's name of such an image; a port's colon cannot be in one. */
function imageName({ registry, repository }: DockerReference): string {
  return `${registry}/${repository}`.toLowerCase().replace(/[^a-z0-9._~/-]/g, '_').replace(/^[^a-z0-9]+/, '')
}
