import { largestKeyBytes } from '@rocket/trust'
import type { Discovery } from '../discovery/ask-pages.ts'
import { discoverKeys, downloadKey, type KeyPlace } from '../discovery/discover-keys.ts'
import { readKeyAt } from './read-key.ts'
import type { TrustMeans } from './trust-keys.ts'

/**
 * Keys from files, from URLs that a person wrote, and from places that a page names, which may lead only where a redirect of that page might.
 * `allowHttp` of the discovery is about pages and keys alike.
 */
export function openKeySource(discovery: Discovery): Pick<TrustMeans, 'read' | 'discover'> {
  const discovered = new Map<string, KeyPlace>()
  return {
    discover: async (prefix) => {
      const places = await discoverKeys(prefix, discovery)
      for (const place of places) discovered.set(place.key, place)
      return places.map(({ key }) => key)
    },
    read: async (location) => {
      const place = discovered.get(location)
      return place === undefined ? readKeyAt(location, discovery) : downloadKey(place, largestKeyBytes, discovery)
    },
  }
}
