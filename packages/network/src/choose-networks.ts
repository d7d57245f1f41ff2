import { RocketError } from '@rocket/contracts'
import type { NetworkConfig } from './cni-types.ts'

export interface NetworkRequest {
  name: string
  args?: string | undefined
}

export interface ChosenNetwork extends NetworkConfig {
  ifName: string
  /** CNI_ARGS, verbatim. */
  args?: string
}

/**
 * The networks that were asked for, in the order in which they are configured (file names), with interfaces eth0, eth1, … `all` stands
 * for every one. Throws NETWORK_NOT_FOUND with the names that have no configuration.
 */
export function chooseNetworks(requests: readonly NetworkRequest[], known: readonly NetworkConfig[]): ChosenNetwork[] {
  const wanted = new Map(requests.map((request) => [request.name, request.args]))
  const all = wanted.delete('all')
  const missing = [...wanted.keys()].filter((name) => !known.some((network) => network.name === name))
  if (missing.length > 0) {
    throw new RocketError('NETWORK_NOT_FOUND', {
      what: `networks not found: ${missing.join(', ')}`,
      why: `the configured ones are ${known.map((network) => network.name).join(', ')}`,
      hint: 'a network is a file in net.d of the configuration directory, /etc/rkt/net.d unless --local-config says otherwise',
    })
  }
  return known.filter((network) => all || wanted.has(network.name)).map((network, index) => {
    const args = wanted.get(network.name)
    return { ...network, ifName: `eth${index}`, ...(args === undefined || args === '' ? {} : { args }) }
  })
}
