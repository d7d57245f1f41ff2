import { RocketError, type Feature, type Pod, type RunRequest, type Start } from '@rocket/contracts'
import type { Notes } from '../prepare/notes.ts'

type Network = Start['network']

/**
 * Which network the pod gets. Nobody said: `default`, or with a flavor that has no network of its own the host's. `none` and `host` stand
 * alone; `all` is handed on, the network stage knows what there is. What was stated and the flavor lacks becomes what the flavor has, for
 * the policy `warn`; the need stays. Throws NETWORK_INVALID, PORTS_NEED_NETWORK.
 */
export function planNetwork(networks: RunRequest['networks'], pod: Pod, notes: Notes): Network {
  const has = (feature: Feature): boolean => pod.flavor.features.includes(feature)
  if (networks.length === 0) {
    if (has('network-contained')) return { mode: 'contained', networks: [{ name: 'default' }] }
    return has('network-host') ? { mode: 'host' } : { mode: 'none' }
  }
  const network = statedNetwork(networks)
  checkPorts(network, pod)
  const feature = `network-${network.mode}` as const
  notes.need(feature, `--net=${networks.map(({ name }) => name).join(',')}`)
  if (has(feature)) return network
  return has('network-host') ? { mode: 'host' } : has('network-none') ? { mode: 'none' } : network
}

function statedNetwork(networks: RunRequest['networks']): Network {
  const names = networks.map(({ name }) => name)
  const duplicate = names.find((name, index) => names.indexOf(name) !== index)
  if (duplicate !== undefined) throw invalid(names, `found duplicate netname ${JSON.stringify(duplicate)}`)
  for (const { name, args } of networks) {
    if (args === undefined || !['none', 'host', 'all'].includes(name)) continue
    throw invalid(names, `arguments are not supported by special netname ${JSON.stringify(name)}`)
  }
  for (const alone of ['none', 'host'] as const) {
    if (!names.includes(alone)) continue
    if (names.length > 1) throw invalid(names, `${alone} cannot be combined with other networks`)
    return { mode: alone }
  }
  return { mode: 'contained', networks }
}

function checkPorts(network: Network, pod: Pod): void {
  if (pod.ports.length === 0 || network.mode === 'contained') return
  throw new RocketError('PORTS_NEED_NETWORK', {
    what: `--port flag does not work with '${network.mode}' networking`,
    hint: network.mode === 'host'
      ? "the app's ports are the host's already; leave --port out"
      : 'leave --port out, or give the pod a network with --net',
  })
}

function invalid(names: readonly string[], why: string): RocketError {
  return new RocketError('NETWORK_INVALID', { what: `--net=${names.join(',')} cannot be used`, why })
}
