import type { Pod, PublishedPort, Sandbox, Start } from '@rocket/contracts'
import { findProgram, requireProgram, type StageContext } from '@rocket/host'
import { chooseNetworks, type ChosenNetwork, type NetworkRequest } from './choose-networks.ts'
import type { NetworkConfig, PluginConfig, PortMapping } from './cni-types.ts'
import { pluginDirectories, requirePlugins } from './plugin-path.ts'
import { readNetworks } from './read-networks.ts'
import { masqueradeRules, portRules } from './rules.ts'
import { pluginEnvironment, pluginInput, type Link } from './run-plugin.ts'

export interface UpPlan {
  mode: 'none' | 'host' | 'contained'
  /** The pod's network namespace; absent for mode host. */
  netns?: string
  cniPath: string[]
  networks: PlannedNetwork[]
  ports: PublishedPort[]
  /** Who rewrites what comes to a published port: our table, a plugin of the network, nobody when there is none. */
  portsBy: 'nft' | 'plugin' | 'nobody'
  /** The network whose address published ports lead to. */
  portNetwork?: string
  /** Subnets that we masquerade, as far as the configuration tells them; the rest is read from the results. */
  subnets: string[]
  /** What is going to be run, for the reader of a dry run. */
  commands: { program: string; environment: Record<string, string>; input: unknown }[]
}

export interface PlannedNetwork extends Link {
  file: string
  /** We write the masquerade rule; the plugins were told not to. */
  masquerade: boolean
}

/** What `up` will do. Reads the configuration and looks for programs; throws when something is missing, before anything is touched. */
export function planUp(context: StageContext): UpPlan {
  const start = context.files.read('Start')
  const sandbox = context.files.read('Sandbox')
  const pod = context.files.read('Pod')
  if (start.network.mode !== 'contained') return planWithoutPlugins(start, sandbox)
  const known = readNetworks(start.localConfig, (message) => context.warn(message))
  const firewall = findProgram('nft') === undefined ? 'iptables' : 'nft'
  const plan = planContained({
    uuid: context.uuid, requests: start.network.networks, known, cniPath: pluginDirectories(start.localConfig), pod, sandbox, firewall,
  })
  requirePlugins(plan.networks, plan.cniPath)
  requireFirewall(plan, firewall)
  return plan
}

export interface ContainedInput {
  uuid: string
  requests: readonly NetworkRequest[]
  known: readonly NetworkConfig[]
  cniPath: string[]
  pod: Pick<Pod, 'ports'>
  sandbox: Pick<Sandbox, 'namespaces'>
  /** `iptables`: there is no nft, so masquerading and ports are left to the plugins. */
  firewall: 'nft' | 'iptables'
}

/** The decision itself, without looking at the machine. */
export function planContained(input: ContainedInput): UpPlan {
  const chosen = chooseNetworks(input.requests, input.known)
  const { ports } = input.pod
  // rkt: the first network that masquerades, else the last.
  const portNetwork = ports.length === 0 ? undefined : (chosen.find(masquerades) ?? chosen.at(-1))
  const networks = chosen.map((network) => planNetwork(network, input, network === portNetwork ? ports : []))
  const portsByPlugin = networks.some((network) => network.portMappings !== undefined)
  const subnets = networks.filter((network) => network.masquerade).flatMap((network) => network.plugins.flatMap(configuredSubnets))
  const plan: UpPlan = {
    mode: 'contained',
    ...(input.sandbox.namespaces.network === undefined ? {} : { netns: input.sandbox.namespaces.network }),
    cniPath: input.cniPath,
    networks,
    ports: [...ports],
    portsBy: ports.length === 0 ? 'nobody' : portsByPlugin ? 'plugin' : 'nft',
    ...(portNetwork === undefined ? {} : { portNetwork: portNetwork.name }),
    subnets: [...new Set(subnets)],
    commands: [],
  }
  return { ...plan, commands: listCommands(plan, input.uuid) }
}

function planWithoutPlugins(start: Start, sandbox: Sandbox): UpPlan {
  const netns = sandbox.namespaces.network
  return {
    mode: start.network.mode, ...(netns === undefined || start.network.mode === 'host' ? {} : { netns }),
    cniPath: [], networks: [], ports: [], portsBy: 'nobody', subnets: [], commands: [],
  }
}

function planNetwork(network: ChosenNetwork, input: ContainedInput, ports: readonly PublishedPort[]): PlannedNetwork {
  const masquerading = network.plugins.filter((plugin) => plugin.ipMasq === true)
  const ours = input.firewall === 'nft' && masquerading.length > 0 && masquerading.every(canTakeOver)
  const plugins = ours ? network.plugins.map((plugin) => (plugin.ipMasq === true ? { ...plugin, ipMasq: false } : plugin)) : network.plugins
  const mapsPorts = plugins.some((plugin) => plugin.capabilities?.portMappings === true)
  const needsPortmap = input.firewall === 'iptables' && ports.length > 0 && !mapsPorts
  return {
    uuid: input.uuid, network: network.name, file: network.file, cniVersion: network.cniVersion, ifName: network.ifName,
    plugins: needsPortmap ? [...plugins, { type: 'portmap', capabilities: { portMappings: true } }] : plugins,
    ...(network.args === undefined ? {} : { args: network.args }),
    ...(ports.length > 0 && (mapsPorts || needsPortmap) ? { portMappings: ports.map(portMapping) } : {}),
    cniPath: input.cniPath, masquerade: ours,
  }
}

function masquerades(network: NetworkConfig): boolean {
  return network.plugins.some((plugin) => plugin.ipMasq === true)
}

/** The two plugins that know `ipMasq` and do nothing with it but write iptables rules for their subnet. */
function canTakeOver(plugin: PluginConfig): boolean {
  return plugin.type === 'ptp' || plugin.type === 'bridge'
}

function configuredSubnets(plugin: PluginConfig): string[] {
  if (plugin.ipam?.type !== 'host-local') return []
  const all = [plugin.ipam.subnet, ...(plugin.ipam.ranges ?? []).flat().map((range) => range.subnet)]
  return all.filter((subnet) => subnet !== undefined && /^[0-9a-fA-F.:]+\/\d{1,3}$/.test(subnet)) as string[]
}

function portMapping(port: PublishedPort): PortMapping {
  return {
    hostPort: port.hostPort, containerPort: port.podPort, protocol: port.protocol,
    ...(port.hostIp === undefined ? {} : { hostIP: port.hostIp }),
  }
}

function listCommands(plan: UpPlan, uuid: string): UpPlan['commands'] {
  const adds = plan.networks.flatMap((network) => network.plugins.map((plugin) => ({
    program: plugin.type, environment: pluginEnvironment('ADD', network, plan.netns), input: pluginInput(network, plugin),
  })))
  const target = { uuid, address: 'ADDRESS', hostInterface: 'INTERFACE' }
  const four = plan.subnets.filter((subnet) => !subnet.includes(':'))
  const six = plan.subnets.filter((subnet) => subnet.includes(':'))
  const rules = [masqueradeRules('ip', four), masqueradeRules('ip6', six), plan.portsBy === 'nft' ? portRules(target, plan.ports) : '']
  return [...adds, ...rules.filter((text) => text !== '').map((text) => ({ program: 'nft', environment: {}, input: text }))]
}

function requireFirewall(plan: UpPlan, firewall: 'nft' | 'iptables'): void {
  if (firewall === 'nft') return
  if (plan.ports.length > 0 || plan.networks.some((network) => network.plugins.some((plugin) => plugin.ipMasq === true))) {
    // Without either, nft is the one to install.
    if (findProgram('iptables') === undefined) requireProgram('nft')
  }
}
