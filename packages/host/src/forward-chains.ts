/**
 * The chains of the host that drop what is forwarded unless a rule accepts it, as `ip filter FORWARD`, of what `nft list chains` prints.
 * The name of a chain of iptables is among them: where Docker runs, it is that one.
 */
export function droppingChains(listing: string): string[] {
  const found: string[] = []
  let table = ''
  let chain = ''
  for (const line of listing.split('\n')) {
    table = /^table (\S+ \S+) \{/.exec(line)?.[1] ?? table
    chain = /^\s+chain (\S+) \{/.exec(line)?.[1] ?? chain
    if (/^\s+type filter hook forward .*policy drop;/.test(line)) found.push(`${table} ${chain}`)
  }
  return found
}

/** Of these, the ones to which iptables and ip6tables can append. */
export function isChainOfIptables(chain: string): boolean {
  return /^ip6? filter FORWARD$/.test(chain)
}
