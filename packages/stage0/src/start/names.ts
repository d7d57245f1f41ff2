import { RocketError, type RunRequest } from '@rocket/contracts'
import type { Notes } from '../prepare/notes.ts'

/** The kernel's limit. */
const longestHostname = 64

/** The pod's host name, which goes into files and to the kernel as it is: HOSTNAME_INVALID. */
export function planHostname(request: Pick<RunRequest, 'hostname'>, uuid: string, notes: Notes): string {
  const { hostname } = request
  if (hostname === undefined || hostname === '') return `rkt-${uuid}`
  notes.need('hostname', '--hostname')
  if (hostname.length <= longestHostname && /^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$/.test(hostname)) return hostname
  throw new RocketError('HOSTNAME_INVALID', {
    what: `${JSON.stringify(hostname)} cannot be a host name`, why: `it is letters, digits, dots and dashes, ${longestHostname} at most`,
    hint: 'name another one with --hostname, or none for rkt-UUID',
  })
}

/** DNS and hosts as asked for: every word becomes part of a line of resolv.conf or hosts, so none may hold a blank. DNS_INVALID. */
export function checkResolution(request: Pick<RunRequest, 'dns' | 'hosts'>, notes: Notes): void {
  const { dns, hosts } = request
  if (dns.mode !== 'default') notes.need('dns', '--dns')
  if (hosts.mode !== 'default') notes.need('hosts', '--hosts-entry')
  const words = [
    ...dns.nameservers, ...dns.search, ...dns.options, dns.domain ?? '-', ...hosts.entries.flatMap(({ ip, names }) => [ip, ...names]),
  ]
  const bad = words.find((word) => word === '' || /[\s\0#;]/.test(word))
  if (bad === undefined) return
  throw new RocketError('DNS_INVALID', {
    what: `${JSON.stringify(bad)} cannot stand in resolv.conf or hosts`, why: 'a word there holds no blank, # or ;',
  })
}
