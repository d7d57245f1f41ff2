import { FlagValueError } from '../flag.ts'
import { isIP } from './ip.ts'

export interface HostsArguments {
  mode: 'default' | 'host' | 'given'
  entries: { ip: string; names: string[] }[]
}

/** All `--hosts-entry` words, comma separated and repeated: `IP=NAME`, or `host` alone. Names of one address stay together. */
export function planHosts(words: readonly string[]): HostsArguments {
  if (words.includes('host')) {
    if (words.length > 1) throw new FlagValueError('cannot pass --hosts-entry=host with multiple hosts-entries')
    return { mode: 'host', entries: [] }
  }
  const names = new Map<string, string[]>()
  for (const word of words) {
    const parts = word.split('=')
    const [ip = '', name = ''] = parts
    if (parts.length !== 2 || name === '') throw new FlagValueError(`Did not understand --hosts-entry ${word}`)
    if (!isIP(ip)) throw new FlagValueError(`Invalid IP passed to --hosts-entry: ${ip}`)
    names.set(ip, [...(names.get(ip) ?? []), name])
  }
  return { mode: names.size === 0 ? 'default' : 'given', entries: [...names].map(([ip, all]) => ({ ip, names: all })) }
}
