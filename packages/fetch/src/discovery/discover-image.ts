import { isRocketError } from '@rocket/contracts'
import type { ImageName } from '../image-name.ts'
import { askPages, followTag, type Discovery, type DiscoveryPage } from './ask-pages.ts'
import { fillTemplate } from './fill-template.ts'

/** One place where an image may be had, with its signature. */
export interface Endpoint {
  image: string
  signature: string
  /** The page that named it. */
  page: string
}

const mostEndpoints = 16

/**
 * Where an image of this name lies, in the order of the tags of the first page that has any that fit. `labels` must include `os` and `arch`;
 * without a version the templates are filled with `latest`. Throws DISCOVERY_FAILED. Reference: appc, "Discovery"; rkt takes the first only.
 */
export async function discoverImage(image: ImageName, discovery: Discovery): Promise<Endpoint[]> {
  const hasVersion = image.labels.some(({ name }) => name === 'version')
  const labels = hasVersion ? image.labels : [...image.labels, { name: 'version', value: 'latest' }]
  return askPages(image.name, discovery, (page) => findEndpoints(page, { name: image.name, labels }, discovery))
}

function findEndpoints(page: DiscoveryPage, image: ImageName, discovery: Discovery): Endpoint[] | string {
  const place = `${page.url.host}${page.url.pathname}`
  const templates = page.tags.filter(({ name }) => name === 'ac-discovery').slice(0, mostEndpoints)
  if (templates.length === 0) return `meta tag 'ac-discovery' not found on ${place}`
  let reason = `no template on ${place} can be filled: the image name lacks a label that they ask for`
  const endpoints = templates.flatMap(({ uri }) => {
    const filled = fillTemplate(uri, image)
    if (filled === undefined) return []
    try {
      return [{
        image: followTag(page, filled.image, discovery), signature: followTag(page, filled.signature, discovery), page: page.url.href,
      }]
    } catch (error) {
      if (!isRocketError(error, 'REGISTRY_REDIRECT_REFUSED')) throw error
      reason = error.message
      return []
    }
  })
  return endpoints.length === 0 ? reason : endpoints
}
