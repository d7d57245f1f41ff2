import { isIP } from './ip.ts'
import { FlagValueError } from '../flag.ts'

export interface DnsArguments {
  mode: 'default' | 'host' | 'none' | 'given'
  nameservers: string[]
  search: string[]
  options: string[]
  domain?: string
}

/** The four `--dns*` flags together. rkt makes these checks when the pod exists already, under `error with dns flags`. */
export function planDns(given: {
  dns: readonly string[]
  search: readonly string[]
  options: readonly string[]
  domain: string
}): DnsArguments {
  const { dns, search, options, domain } = given
  const others = search.length > 0 || options.length > 0 || domain !== ''
  for (const word of ['host', 'none'] as const) {
    if (!dns.includes(word)) continue
    if (dns.length > 1) throw new FlagValueError(`no other --dns options allowed when --dns=${word} is passed`)
    if (others) throw new FlagValueError(`Cannot call --dns-opt, --dns-search, or --dns-domain with --dns=${word}`)
    return { mode: word, nameservers: [], search: [], options: [] }
  }
  for (const server of dns) if (!isIP(server)) throw new FlagValueError(`Invalid IP passed to --dns: ${server}`)
  const mode = dns.length > 0 || others ? 'given' : 'default'
  return { mode, nameservers: [...dns], search: [...search], options: [...options], ...(domain === '' ? {} : { domain }) }
}
