import type { SecureContext } from 'node:tls'
import { Agent, EnvHttpProxyAgent, type Dispatcher } from 'undici'
import { guardedLookup, isLoopbackHost } from './redirect-guard.ts'
import { makeSecureContext, type TlsMaterial } from './secure-context.ts'
import type { ProgressLimits } from './watch-progress.ts'

export interface ConnectionOptions {
  /** `--insecure-options=tls`. */
  skipTlsVerify: boolean
  limits: ProgressLimits
  /** Of `HOST[:PORT]`; asked once for each. */
  tlsOf?: ((host: string) => TlsMaterial | undefined) | undefined
}

export interface Dispatchers {
  /** `guarded`: a redirect of a server elsewhere leads there, so a name that resolves to this machine is refused. */
  for(url: URL, guarded: boolean): Dispatcher
  close(): Promise<void>
}

/** What one header block may hold; more is a server playing with us. */
const maxHeaderBytes = 16 * 1024

/**
 * Connections by host: those with certificates of their own have a pool of their own. Proxies are taken from HTTP_PROXY, HTTPS_PROXY and
 * NO_PROXY in either case; https goes through HTTPS_PROXY only, and this machine is spoken to directly, as with rkt.
 */
export function createDispatchers(options: ConnectionOptions): Dispatchers {
  const made = new Map<string, Dispatcher>()
  const materials = new Map<string, TlsMaterial | undefined>()
  const materialOf = (url: URL): TlsMaterial | undefined => {
    if (url.protocol !== 'https:' || options.tlsOf === undefined) return undefined
    if (!materials.has(url.host)) materials.set(url.host, options.tlsOf(url.host))
    return materials.get(url.host)
  }
  let shared: SecureContext | undefined
  return {
    for: (url, guarded) => {
      const material = materialOf(url)
      const proxied = !isLoopbackHost(url.hostname) && hasProxy(url.protocol)
      const key = `${url.protocol} ${proxied} ${guarded} ${material === undefined ? '' : url.host}`
      const known = made.get(key)
      if (known !== undefined) return known
      const secureContext = (): SecureContext => (material === undefined ? (shared ??= makeSecureContext()) : makeSecureContext(material))
      const context = url.protocol === 'https:' ? secureContext() : undefined
      const dispatcher = makeDispatcher(options, { context, guarded, proxied })
      made.set(key, dispatcher)
      return dispatcher
    },
    close: async () => void (await Promise.all([...made.values()].map((dispatcher) => dispatcher.destroy()))),
  }
}

interface Kind {
  context: SecureContext | undefined
  guarded: boolean
  proxied: boolean
}

function makeDispatcher({ skipTlsVerify, limits }: ConnectionOptions, { context, guarded, proxied }: Kind): Dispatcher {
  const tls = { rejectUnauthorized: !skipTlsVerify, ...(context === undefined ? {} : { secureContext: context }) }
  const settings = {
    connect: { timeout: 15_000, allowH2: false, ...tls, ...(guarded ? { lookup: guardedLookup } : {}) },
    headersTimeout: limits.silenceMs, bodyTimeout: limits.silenceMs, connections: 8, maxHeaderSize: maxHeaderBytes, allowH2: false,
  }
  return proxied ? new EnvHttpProxyAgent({ ...settings, requestTls: tls, proxyTls: tls }) : new Agent(settings)
}

function hasProxy(protocol: string): boolean {
  const name = protocol === 'https:' ? 'https_proxy' : 'http_proxy'
  return [name, name.toUpperCase()].some((variable) => (process.env[variable] ?? '') !== '')
}
