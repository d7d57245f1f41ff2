import { isRocketError } from '@rocket/contracts'
import { fetchArchive } from '../fetch-archive.ts'
import { withHostLabels, type ImageName } from '../image-name.ts'
import type { Imported, Session } from '../session.ts'
import type { Discovery } from './ask-pages.ts'
import { obtainKeys } from '../verify/obtain-keys.ts'
import { discoverImage } from './discover-image.ts'

/**
 * An ACI by its name, from the first of the discovered places that has it. Throws DISCOVERY_FAILED, IMAGE_NAME_MISMATCH, and what
 * `fetchArchive` throws. Reference: rkt, "Image strings, policies, transport".
 */
export async function fetchByName(
  { image: asked, signature }: { image: ImageName; signature?: string | undefined }, session: Session,
): Promise<Imported> {
  const image = { name: asked.name, labels: withHostLabels(asked.labels) }
  session.context.debug(`searching for app image ${image.name}`)
  const discovery = await openDiscovery(session)
  await obtainKeys(image.name, discovery, session)
  const endpoints = await discoverImage(image, discovery)
  for (const [index, { image: url, signature: signatureUrl, page }] of endpoints.entries()) {
    try {
      const imported = await fetchArchive({ key: url, url, signature, discovered: { wanted: image, signatureUrl, page } }, session)
      return { ...imported, keys: [url] }
    } catch (error) {
      if (index === endpoints.length - 1 || !isElsewhere(error)) throw error
      session.context.debug(`${error.message}; the next place is tried`)
    }
  }
  throw new Error('discoverImage found nothing and did not say so')
}

export async function openDiscovery(session: Session): Promise<Discovery> {
  return {
    http: await session.http(), allowHttp: session.request.insecure.http, debug: session.context.debug,
    authorization: (host) => session.credentials().domains.get(host),
  }
}

const mayBeElsewhere: ReadonlySet<string> = new Set(['REGISTRY_NOT_FOUND', 'REGISTRY_UNREACHABLE', 'REGISTRY_FAILED', 'SIGNATURE_REQUIRED'])

/** Another place may have what this one has not. One that has something else is not passed over. */
function isElsewhere(error: unknown): error is Error {
  return isRocketError(error) && mayBeElsewhere.has(error.code)
}
