import { tmpdir } from 'node:os'
import { RocketError } from '@rocket/contracts'
import { hostPlatform, type ImageDestination, type ImageSource, type Platform } from '@rocket/image'
import { classifyReference, type Reference } from '../classify-reference.ts'
import type { DockerReference } from '../docker-reference.ts'
import { openLocalSource } from '../oci/open-source.ts'
import { keepsIndex, openLocalDestination } from './open-destination.ts'
import { planCopy } from './plan-copy.ts'
import type { Network } from '../registry/open-network.ts'
import { transfer, type Copied, type CopyEvents } from './transfer.ts'

export { openStoreSource } from './store-source.ts'

export interface CopyRequest {
  /** Image arguments, as `rkt fetch` takes them; as a source also the ID or name of an image of the store. */
  source: string
  destination: string
  /** Of an index; this machine's unless said. */
  platform?: Platform | 'all' | undefined
  /** Signatures and whatever else refers to the image. */
  referrers: boolean
  overwrite: boolean
  insecure: { http: boolean; tls: boolean }
  cwd?: string
  /** In the order system, local, user; those of RKT_CONFIG_DIRS unless said. */
  configDirectories?: readonly string[]
}

export interface CopyContext extends CopyEvents {
  openStored(reference: Extract<Reference, { kind: 'id' | 'name' }>): Promise<ImageSource>
  warn(message: string): void
  debug(message: string): void
}

export interface CopyResult extends Copied {
  /** Of the manifest or index that the destination has now. */
  digest: string
  mediaType: string
  manifests: number
  referrers: number
}

/**
 * Copies an image with what refers to it, byte for byte. Manifests are read first, so that what cannot be done is refused before anything is
 * written. Throws what opening, planning and transferring throw; nothing half-done is visible then.
 */
export async function copy(request: CopyRequest, context: CopyContext): Promise<CopyResult> {
  const options = request.cwd === undefined ? {} : { cwd: request.cwd }
  const from = classifyReference(request.source, options)
  const to = classifyReference(request.destination, options)
  const network = usesNetwork(from, to) ? await openNetwork(request, context) : undefined
  const source = await openSource(from, network, context)
  try {
    const plan = await planCopy(source, { platform: request.platform ?? hostPlatform(), keepsIndex: keepsIndex(to), referrers: request.referrers })
    for (const warning of [...plan.warnings, ...storeWarning(from, request)]) context.warn(warning)
    const destination = to.kind === 'docker' ? await openRegistry(to.docker, network!, from) : openLocal(to, source, request)
    const copied = await transfer(source, destination, plan, context)
    const { digest, mediaType } = plan.root.descriptor
    return { digest, mediaType, manifests: 1 + plan.children.length, referrers: plan.referrers.length, ...copied }
  } finally {
    await source.close()
    await network?.close()
  }
}

/** Of a signature the store keeps what proves that it held, not the image that carried it. */
function storeWarning({ kind }: Reference, { referrers }: CopyRequest): string[] {
  if ((kind !== 'id' && kind !== 'name') || !referrers) return []
  return ['signatures and what else refers to the image are not in the store: copy it from where it came from to take them along']
}

/** http is the largest part of all: loaded only when an end of the copy is a registry. */
function usesNetwork(from: Reference, to: Reference): boolean {
  return from.kind === 'docker' || to.kind === 'docker'
}

async function openNetwork({ insecure, configDirectories }: CopyRequest, { warn }: CopyContext): Promise<Network> {
  const parts = await import('../registry/open-network.ts')
  return parts.openNetwork({ insecure, warn, ...(configDirectories === undefined ? {} : { directories: configDirectories }) })
}

async function openSource(from: Reference, network: Network | undefined, context: CopyContext): Promise<ImageSource> {
  switch (from.kind) {
    case 'id': case 'name': return context.openStored(from)
    case 'oci-layout': case 'archive': return openLocalSource(from, scratchDirectory())
    case 'docker': return (await import('./registry-source.ts')).openRegistrySource(from.docker, network!, context.debug)
    case 'file': case 'url': throw new RocketError('IMAGE_UNSUPPORTED', {
      what: 'an ACI was not copied', why: 'ACIs stay ACIs: no registry, layout or archive takes one', hint: 'a file is copied with cp; `rkt fetch` puts it into the store',
    })
  }
}

async function openRegistry(to: DockerReference, network: Network, from: Reference): Promise<ImageDestination> {
  return (await import('./registry-destination.ts')).openRegistryDestination(to, network, from.kind === 'docker' ? from.docker : undefined)
}

function openLocal(to: Reference, source: ImageSource, request: CopyRequest): ImageDestination {
  if (to.kind === 'oci-layout' || to.kind === 'archive') return openLocalDestination(to, { tag: source.tag, imageName: source.imageName, overwrite: request.overwrite })
  throw new RocketError('USAGE', {
    what: `an image cannot be copied to ${JSON.stringify(request.destination)}`,
    hint: 'docker://HOST/NAME[:TAG], oci:DIR[:TAG], oci-archive:FILE[:TAG], docker-archive:FILE[:NAME:TAG], dir:DIR, or store',
  })
}

/** Compressed archives are expanded there; they may be larger than what a file system in memory holds. */
function scratchDirectory(): string {
  return process.env['TMPDIR'] === undefined ? '/var/tmp' : tmpdir()
}
