import { scanMetaTags } from './scan-meta-tags.ts'

export interface DiscoveryTag {
  name: 'ac-discovery' | 'ac-discovery-pubkeys'
  /** Of the image names that the tag is for. */
  prefix: string
  /** A template for images, a place for keys. */
  uri: string
}

/** What a page says about image names that begin with a prefix of this one. Spec: appc 0.8.11, "Meta Discovery". */
export function findDiscoveryTags(page: string, imageName: string): DiscoveryTag[] {
  return scanMetaTags(page).flatMap(({ name, content = '' }) => {
    if (name !== 'ac-discovery' && name !== 'ac-discovery-pubkeys') return []
    const [prefix, uri, ...more] = content.trim().split(/\s+/)
    if (prefix === undefined || uri === undefined || more.length > 0 || !imageName.startsWith(prefix)) return []
    return [{ name, prefix, uri }]
  })
}
