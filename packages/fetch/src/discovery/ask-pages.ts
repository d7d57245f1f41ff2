import { isRocketError, RocketError } from '@rocket/contracts'
import type { HttpClient } from '../http/http-client.ts'
import { readHead } from '../http/read-body.ts'
import { checkRedirect, isLoopbackHost } from '../http/redirect-guard.ts'
import { findDiscoveryTags, type DiscoveryTag } from './discovery-tags.ts'

export interface Discovery {
  http: Pick<HttpClient, 'get'>
  /** `--insecure-options=http`: pages are asked for by plain http where https has none, and may lead to it. */
  allowHttp: boolean
  /** Header for the server of a name, by host. */
  authorization?(host: string): string | undefined
  debug?(message: string): void
}

/** What one page says, and where it was asked for. */
export interface DiscoveryPage {
  url: URL
  tags: DiscoveryTag[]
}

/** Meta tags stand at the beginning; the home page that a search can end at may be of any size. */
const pageBytes = 1 << 20
/** Each is a request. */
const mostLevels = 16

/**
 * The pages that may speak for a name, the most special one first: `https://NAME?ac-discovery=1`, then without the last part of the name, up
 * to the host. `judge` returns what it found on a page, or why that is nothing. Throws DISCOVERY_FAILED with every reason. A host that cannot
 * be reached is asked once. Spec: appc 0.8.11, "Meta Discovery".
 */
export async function askPages<T>(name: string, discovery: Discovery, judge: (page: DiscoveryPage) => T | string): Promise<T> {
  const reasons: string[] = []
  const schemes = discovery.allowHttp ? ['https', 'http'] : ['https']
  for (const prefix of prefixesOf(name)) {
    for (const scheme of [...schemes]) {
      const url = pageUrl(scheme, prefix)
      if (url === undefined) throw failed(name, [`${JSON.stringify(prefix.split('/')[0])} is not a host name`])
      try {
        const judged = judge({ url, tags: findDiscoveryTags(await readPage(url, discovery), name) })
        if (typeof judged !== 'string') return judged
        reasons.push(judged)
      } catch (error) {
        if (!isRocketError(error)) throw error
        reasons.push(error.message)
        if (error.code === 'REGISTRY_UNREACHABLE' || error.code === 'REGISTRY_STALLED') schemes.splice(schemes.indexOf(scheme), 1)
        continue
      }
      break
    }
  }
  throw failed(name, reasons)
}

/** Where a page sends us, as if it had redirected us there. Throws REGISTRY_REDIRECT_REFUSED. */
export function followTag(page: DiscoveryPage, uri: string, { allowHttp }: Pick<Discovery, 'allowHttp'>): string {
  const absolute = URL.canParse(uri) ? uri : `no-scheme:${uri}`
  return checkRedirect(page.url, absolute, { allowHttp, fromLocal: isLoopbackHost(page.url.hostname) }).href
}

function prefixesOf(name: string): string[] {
  const parts = name.split('/')
  return parts.map((_, index) => parts.slice(0, parts.length - index).join('/')).slice(-mostLevels)
}

/** Undefined where the name would become another host: `2130706433` is 127.0.0.1 to a URL. */
function pageUrl(scheme: string, prefix: string): URL | undefined {
  const url = URL.parse(`${scheme}://${prefix}?ac-discovery=1`)
  return url !== null && url.host === prefix.split('/')[0] ? url : undefined
}

async function readPage(url: URL, { http, allowHttp, authorization, debug }: Discovery): Promise<string> {
  debug?.(`looking for meta tags at ${url.href}`)
  const response = await http.get(url.href, { authorization: authorization?.(url.host), allowHttp })
  if (response.status !== 200) {
    response.discard()
    throw new RocketError('REGISTRY_FAILED', { what: `${response.from} was not received`, why: `bad HTTP status code: ${response.status}` })
  }
  return (await readHead(response, pageBytes)).toString('utf8')
}

function failed(name: string, reasons: readonly string[]): RocketError {
  return new RocketError('DISCOVERY_FAILED', {
    what: `discovery failed for ${JSON.stringify(name)}`, why: [...new Set(reasons)].slice(0, 6).join('; '),
    hint: 'if it is a file, write its path; if it is in a registry, docker://HOST/NAME[:TAG]; `rkt image list` shows what is in the store',
  })
}
