import { lookup as dnsLookup, type LookupAddress, type LookupOptions } from 'node:dns'
import { BlockList, isIP } from 'node:net'
import { RocketError } from '@rocket/contracts'
import { redactUrl } from './redact-url.ts'

/** This machine and its link: what a server elsewhere must not be able to make us talk to (cloud metadata, local services). */
const local = new BlockList()
local.addSubnet('0.0.0.0', 8, 'ipv4')
local.addSubnet('127.0.0.0', 8, 'ipv4')
local.addSubnet('169.254.0.0', 16, 'ipv4')
local.addSubnet('224.0.0.0', 4, 'ipv4')
local.addAddress('::', 'ipv6')
local.addAddress('::1', 'ipv6')
local.addSubnet('fe80::', 10, 'ipv6')
local.addSubnet('ff00::', 8, 'ipv6')
local.addAddress('fd00:ec2::254', 'ipv6')

export function isLocalAddress(address: string): boolean {
  const bare = address.replace(/^\[|\]$/g, '')
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(bare)?.[1] ?? mappedHex(bare)
  if (mapped !== undefined) return local.check(mapped, 'ipv4')
  const family = isIP(bare)
  return family !== 0 && local.check(bare, family === 6 ? 'ipv6' : 'ipv4')
}

/** Whether a host that the user named is this machine: only then may it send us to places on this machine. */
export function isLoopbackHost(hostname: string): boolean {
  return hostname === 'localhost' || hostname.endsWith('.localhost') || isLocalAddress(hostname)
}

/**
 * Where a redirect leads, or an error: REGISTRY_REDIRECT_REFUSED for schemes other than http and https, for a step down to http that
 * nobody allowed, and for addresses of this machine when the server is elsewhere.
 */
export function checkRedirect(from: URL, location: string, options: { allowHttp: boolean; fromLocal: boolean }): URL {
  const to = URL.parse(location, from.href)
  if (to === null) throw refused(from, 'the place it names is not a URL')
  if (to.protocol !== 'https:' && to.protocol !== 'http:') throw refused(from, `${to.protocol} is not followed`)
  if (to.protocol === 'http:' && from.protocol === 'https:' && !options.allowHttp) throw refused(
    from, `${redactUrl(to)} is plain http`, '--insecure-options=http allows it',
  )
  if (!options.fromLocal && isLoopbackHost(to.hostname)) throw refused(from, `${redactUrl(to)} is an address of this machine or its link`)
  to.username = ''
  to.password = ''
  to.hash = ''
  return to
}

type LookupCallback = (error: NodeJS.ErrnoException | null, address: string | LookupAddress[], family?: number) => void

/** Name resolution for connections that a redirect caused: a name that resolves to this machine is refused as its address would be. */
export function guardedLookup(hostname: string, options: LookupOptions, callback: LookupCallback): void {
  dnsLookup(hostname, { ...options, all: true }, (error, addresses) => {
    if (error !== null) return callback(error, [])
    if (addresses.some(({ address }) => isLocalAddress(address))) {
      return callback(new RocketError('REGISTRY_REDIRECT_REFUSED', {
        what: `a redirect to ${hostname} was not followed`, why: 'it is an address of this machine or its link',
      }), [])
    }
    const [first] = addresses
    if (options.all === true) callback(null, addresses)
    else callback(null, first?.address ?? '', first?.family)
  })
}

function mappedHex(address: string): string | undefined {
  const match = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/i.exec(address)
  if (match === null) return undefined
  const high = parseInt(match[1] ?? '', 16)
  const low = parseInt(match[2] ?? '', 16)
  return [high >> 8, high & 255, low >> 8, low & 255].join('.')
}

function refused(from: URL, why: string, hint?: string): RocketError {
  return new RocketError('REGISTRY_REDIRECT_REFUSED', {
    what: `a redirect of ${redactUrl(from)} was not followed`, why, ...(hint === undefined ? {} : { hint }),
  })
}
