import type { PublishedPort } from '@rocket/contracts'

/**
 * What we put into nftables, as text for `nft -f`; each text is one transaction. One table `rkt` for all pods: a set of masqueraded
 * subnets, which stays, and maps from published ports to a chain of the pod. The maps make a port belong to one pod at a time, whoever
 * comes first, and the elements carry the UUID, so that what belongs to a pod is found from that alone. Why not the plugins' own iptables
 * rules: docs/decisions/0010.
 */
export const table = 'rkt'

export type Family = 'ip' | 'ip6'

/** The name rkt gave to a pod's chain, with the whole UUID instead of its first 8 digits. */
export function dnatChain(uuid: string): string {
  return `RKT-PFWD-DNAT-${uuid}`
}

/** Tables, sets and the rules that read them. Repeatable: elements and the chains of pods stay, the rules are written anew. */
export function skeleton(family: Family): string {
  const multicast = family === 'ip' ? '224.0.0.0/4' : 'ff00::/8'
  const type = family === 'ip' ? 'ipv4_addr' : 'ipv6_addr'
  const outside = `${family} daddr != @masq ${family} daddr != @masq-overlapping ${family} daddr != ${multicast}`
  const lines = [
    `add table ${family} ${table}`,
    `add set ${family} ${table} masq { type ${type}; flags interval; }`,
    `add set ${family} ${table} masq-overlapping { type ${type}; flags interval; auto-merge; }`,
    `add chain ${family} ${table} postrouting { type nat hook postrouting priority 100; policy accept; }`,
    `flush chain ${family} ${table} postrouting`,
    ...(family === 'ip' ? portSkeleton : []),
    ...['masq', 'masq-overlapping'].map((set) => `add rule ${family} ${table} postrouting ${family} saddr @${set} ${outside} masquerade`),
  ]
  return text(lines)
}

/**
 * A port is published on every local address, 127.0.0.1 included, or on one. What comes from 127.0.0.1, or from the pod itself by way of
 * the host, must be translated on its way in too, or the answer would not come back this way: `translated` holds those pairs. The guard
 * closes what route_localnet opens: without it a pod could reach what listens on the host's loopback (CVE-2020-8558).
 */
const portSkeleton: readonly string[] = [
  `add map ip ${table} ports { type inet_proto . inet_service : verdict; }`,
  `add map ip ${table} address-ports { type ipv4_addr . inet_proto . inet_service : verdict; }`,
  `add set ip ${table} translated { type ipv4_addr . ipv4_addr; }`,
  `add chain ip ${table} guard { type filter hook prerouting priority -300; policy accept; }`,
  `flush chain ip ${table} guard`,
  `add rule ip ${table} guard iifname != "lo" ip daddr 127.0.0.0/8 drop`,
  ...['prerouting', 'output'].flatMap((chain) => [
    `add chain ip ${table} ${chain} { type nat hook ${chain} priority -100; policy accept; }`,
    `flush chain ip ${table} ${chain}`,
    `add rule ip ${table} ${chain} ip daddr . meta l4proto . th dport vmap @address-ports`,
    `add rule ip ${table} ${chain} fib daddr type local meta l4proto . th dport vmap @ports`,
  ]),
  `add rule ip ${table} postrouting ip saddr . ip daddr @translated masquerade`,
]

/** Per subnet, not per pod: two pods of a network write the same, and nothing has to be taken back when one ends. */
export function masqueradeRules(family: Family, subnets: readonly string[]): string {
  return subnets.length === 0 ? '' : text([`add element ${family} ${table} masq { ${subnets.join(', ')} }`])
}

export interface PortTarget {
  uuid: string
  /** The pod's IPv4 address. */
  address: string
  hostInterface: string | undefined
}

/**
 * The same for a network that overlaps another one, in the set that allows it. Not the usual set: to add to one that merges costs 12 ms,
 * each time, for the kernel takes the merged elements out and waits.
 */
export function asOverlapping(rules: string): string {
  return rules.replaceAll(` ${table} masq {`, ` ${table} masq-overlapping {`)
}

/** `create` fails when the port belongs to another pod, and with it the whole transaction. */
export function portRules(target: PortTarget, ports: readonly PublishedPort[]): string {
  if (ports.length === 0) return ''
  const chain = dnatChain(target.uuid)
  const owner = `comment "${target.uuid} ${target.hostInterface ?? '-'}"`
  const { address } = target
  return text([
    `add chain ip ${table} ${chain}`,
    ...ports.map((port) => {
      const on = portMap(port) === 'ports' ? '' : `ip daddr ${port.hostIp} `
      return `add rule ip ${table} ${chain} ${on}${port.protocol} dport ${port.hostPort} dnat to ${address}:${port.podPort}`
    }),
    ...ports.map((port) => `create element ip ${table} ${portMap(port)} { ${portKey(port)} ${owner} : goto ${chain} }`),
    `add element ip ${table} translated { 127.0.0.1 . ${address} ${owner}, ${address} . ${address} ${owner} }`,
  ])
}

/** An element of one of our maps and sets, with what its comment says of its owner. */
export interface OwnedElement {
  set: 'ports' | 'address-ports' | 'translated'
  key: readonly (string | number)[]
  uuid: string
  hostInterface: string | undefined
}

export interface TableContent {
  elements: OwnedElement[]
  /** Chains of pods, by UUID. */
  pods: string[]
}

/** Takes back everything of these pods that is in the table. Empty when there is nothing. */
export function removalRules(content: TableContent, uuids: readonly string[]): string {
  const elements = content.elements.filter((element) => uuids.includes(element.uuid))
  const chains = content.pods.filter((uuid) => uuids.includes(uuid)).map(dnatChain)
  return text([
    ...elements.map((element) => `delete element ip ${table} ${element.set} { ${element.key.join(' . ')} }`),
    ...chains.flatMap((chain) => [`flush chain ip ${table} ${chain}`, `delete chain ip ${table} ${chain}`]),
  ])
}

/** What `nft -j list table` prints. Things that are not ours are passed over. */
export function parseTable(json: string): TableContent {
  const content: TableContent = { elements: [], pods: [] }
  const listed = (JSON.parse(json) as { nftables: NftObject[] }).nftables
  for (const { chain, set, map } of listed) {
    const uuid = chain?.name.startsWith(dnatChain('')) === true ? chain.name.slice(dnatChain('').length) : undefined
    if (uuid !== undefined) content.pods.push(uuid)
    const holder = set ?? map
    if (holder === undefined || !isOwned(holder.name)) continue
    for (const entry of holder.elem ?? []) {
      const element = (Array.isArray(entry) ? entry[0] : entry) as NftElement
      const [owner, hostInterface] = (element.elem?.comment ?? '').split(' ')
      const key = element.elem?.val?.concat
      if (owner === undefined || owner === '' || key === undefined) continue
      content.elements.push({ set: holder.name, key, uuid: owner, hostInterface: hostInterface === '-' ? undefined : hostInterface })
    }
  }
  return content
}

interface NftObject {
  chain?: { name: string }
  set?: { name: string; elem?: unknown[] }
  map?: { name: string; elem?: unknown[] }
}

interface NftElement {
  elem?: { val?: { concat?: (string | number)[] }; comment?: string }
}

function isOwned(name: string): name is OwnedElement['set'] {
  return name === 'ports' || name === 'address-ports' || name === 'translated'
}

function portMap(port: PublishedPort): 'ports' | 'address-ports' {
  return port.hostIp === undefined || port.hostIp === '0.0.0.0' ? 'ports' : 'address-ports'
}

function portKey(port: PublishedPort): string {
  return `${portMap(port) === 'ports' ? '' : `${port.hostIp} . `}${port.protocol} . ${port.hostPort}`
}

function text(lines: readonly string[]): string {
  return lines.map((line) => `${line}\n`).join('')
}
