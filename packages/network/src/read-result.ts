import { readFileSync } from 'node:fs'
import type { CniResult } from './cni-types.ts'

export interface LinkFacts {
  /** CIDR notation. */
  addresses: string[]
  gateway?: string
  mac?: string
  hostInterface?: string
}

/** What we and rkt's readers want to know of a result, from either form of it. What is no address or interface name is left out. */
export function readResult(result: CniResult): LinkFacts {
  const ips = result.ips ?? [result.ip4, result.ip6].filter((ip) => ip !== undefined).map((ip) => ({ address: ip.ip, gateway: ip.gateway }))
  const addresses = ips.map((ip) => ip.address ?? '').filter((address) => /^[0-9a-fA-F.:]+\/\d{1,3}$/.test(address))
  const gateway = ips.map((ip) => ip.gateway).find((ip) => ip !== undefined && ip !== '')
  const inside = result.interfaces?.find((one) => one.sandbox !== undefined && one.sandbox !== '')
  const ipv4 = addresses.find(isIpv4)
  const hostInterface = hostSide(result) ?? (ipv4 === undefined ? undefined : routeInterface(ipv4.split('/')[0] as string, readRoutes()))
  return {
    addresses,
    ...(gateway === undefined ? {} : { gateway }),
    ...(inside?.mac === undefined || inside.mac === '' ? {} : { mac: inside.mac }),
    ...(hostInterface === undefined ? {} : { hostInterface }),
  }
}

export function isIpv4(address: string): boolean {
  return /^(\d{1,3}\.){3}\d{1,3}(\/\d{1,2})?$/.test(address)
}

/** The network of an address in CIDR notation: 172.16.28.0/24 for 172.16.28.7/24. IPv4 only. */
export function subnetOf(address: string): string {
  const [ip, bits] = address.split('/') as [string, string]
  const mask = Number(bits) === 0 ? 0 : (0xffffffff << (32 - Number(bits))) >>> 0
  return `${fromNumber((toNumber(ip) & mask) >>> 0)}/${bits}`
}

export function maskOf(address: string): string {
  const bits = Number(address.split('/')[1])
  return fromNumber(bits === 0 ? 0 : (0xffffffff << (32 - bits)) >>> 0)
}

/**
 * The interface through which an address is reached, of the text of /proc/net/route: for results of the old form, which name none. Numbers
 * there are hexadecimal in the byte order of the machine, which is little-endian wherever Node runs.
 */
export function routeInterface(ip: string, routes: string): string | undefined {
  const wanted = toNumber(ip)
  let best: { name: string; mask: number } | undefined
  for (const line of routes.split('\n').slice(1)) {
    const [name, destination, , , , , , mask] = line.trim().split(/\s+/)
    if (name === undefined || destination === undefined || mask === undefined) continue
    const maskNumber = fromLittleEndian(mask)
    if (((wanted & maskNumber) >>> 0) === fromLittleEndian(destination) && maskNumber > (best?.mask ?? 0)) best = { name, mask: maskNumber }
  }
  return best?.name
}

/** The first interface outside of the pod: the pod's peer for ptp, the bridge itself for bridge. */
function hostSide(result: CniResult): string | undefined {
  const name = result.interfaces?.find((one) => one.sandbox === undefined || one.sandbox === '')?.name
  return name !== undefined && /^[\w.-]{1,15}$/.test(name) && !/^\.{1,2}$/.test(name) ? name : undefined
}

function readRoutes(): string {
  return readFileSync('/proc/net/route', 'latin1')
}

function toNumber(ip: string): number {
  return ip.split('.').reduce((number, part) => ((number << 8) | Number(part)) >>> 0, 0)
}

function fromNumber(number: number): string {
  return [24, 16, 8, 0].map((shift) => (number >>> shift) & 255).join('.')
}

function fromLittleEndian(hex: string): number {
  return Buffer.from(hex, 'hex').readUInt32LE()
}
