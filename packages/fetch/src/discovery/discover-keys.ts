import { isRocketError } from '@rocket/contracts'
import { readBody } from '../http/read-body.ts'
import { askPages, followTag, type Discovery, type DiscoveryPage } from './ask-pages.ts'
import { badStatus } from '../http/bad-status.ts'

/** Where a key lies, and the page that says so. */
export interface KeyPlace {
  key: string
  page: string
}

const mostKeys = 16

/**
 * Where the public keys for a prefix of image names are, as the first page says that says anything. `allowHttp` is about the pages and about
 * the keys. Throws DISCOVERY_FAILED. Reference: appc, "Discovery"; rkt, `trust`.
 */
export async function discoverKeys(prefix: string, discovery: Discovery): Promise<KeyPlace[]> {
  return askPages(prefix, discovery, (page) => findKeys(page, discovery))
}

/** A key as its server sends it, no longer than `maxBytes`. Throws REGISTRY_*. */
export async function downloadKey(place: KeyPlace, maxBytes: number, { http }: Pick<Discovery, 'http'>): Promise<Buffer> {
  const response = await http.get(place.key, { namedBy: place.page })
  if (response.status === 200) return readBody(response, maxBytes)
  response.discard()
  throw badStatus(response)
}

function findKeys(page: DiscoveryPage, discovery: Discovery): KeyPlace[] | string {
  const place = `${page.url.host}${page.url.pathname}`
  const tags = page.tags.filter(({ name }) => name === 'ac-discovery-pubkeys').slice(0, mostKeys)
  if (tags.length === 0) return `meta tag 'ac-discovery-pubkeys' not found on ${place}`
  let reason = ''
  const keys = tags.flatMap(({ uri }) => {
    try {
      return [{ key: followTag(page, uri, discovery), page: page.url.href }]
    } catch (error) {
      if (!isRocketError(error, 'REGISTRY_REDIRECT_REFUSED')) throw error
      reason = error.message
      return []
    }
  })
  return keys.length === 0 ? reason : keys
}
