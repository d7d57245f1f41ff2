import { closeSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import { isErrno, isRocketError, RocketError, type Attachment, type Net } from '@rocket/contracts'
import { native, syscallError, type StageContext } from '@rocket/host'
import { forgetAttempt, recordAttempt } from './attempt.ts'
import type { CniResult } from './cni-types.ts'
import { findRemains, undo } from './down.ts'
import { applyRules, readTable } from './firewall.ts'
import { allowForwarding, readForwarding } from './forwarding.ts'
import { writeNetViews } from './net-views.ts'
import type { PlannedNetwork, UpPlan } from './plan-up.ts'
import { checkPorts, readSockets, type HostSockets } from './ports-in-use.ts'
import { isIpv4, readResult, subnetOf, type LinkFacts } from './read-result.ts'
import { masqueradeRules, portRules, removalRules, table, type Family, type TableContent } from './rules.ts'
import { addLink } from './run-plugin.ts'
import { runJob, runTogether, type Job } from './run-together.ts'

interface Added {
  network: PlannedNetwork
  result: CniResult
  facts: LinkFacts
}

/**
 * Brings the pod's network up and writes net.json, and for rkt's readers net-info.json and net/*.conf. When something fails, what was done
 * is undone before the error is thrown. Ports are looked at before anything is touched: PORT_IN_USE. Further: CNI_PLUGIN_FAILED,
 * CNI_PLUGIN_MISSING, FIREWALL_FAILED, PORT_NOT_PUBLISHED, NETWORK_NAMESPACE_MISSING.
 */
export async function applyUp(plan: UpPlan, context: StageContext): Promise<void> {
  if (plan.mode === 'contained') return upContained(plan, context)
  if (plan.netns !== undefined) raiseLoopback(plan.netns)
  context.files.write('Net', {
    version: 1, uuid: context.uuid, mode: plan.mode, ...(plan.netns === undefined ? {} : { netns: plan.netns }),
    cniPath: [], attachments: [], ports: [],
  })
}

async function upContained(plan: UpPlan, context: StageContext): Promise<void> {
  const { netns } = plan
  if (netns === undefined) {
    throw new RocketError('NETWORK_NAMESPACE_MISSING', {
      what: 'the networks of the pod cannot be set up', why: 'sandbox.json names no network namespace', hint: 'run the pod with --net=host',
    })
  }
  const remains = findRemains(context)
  if (remains.recorded) undo(remains, context)
  const taken = plan.portsBy === 'nobody' ? '' : await clearPorts(plan, context)
  recordAttempt(context, plan)
  try {
    const added = connect(plan, context, netns, taken)
    raiseLoopback(netns)
    const net = describe(plan, context, added)
    context.files.write('Net', net)
    writeNetViews(context.podDirectory, net)
    forgetAttempt(context)
  } catch (error) {
    try {
      undo({ ...findRemains(context), netns }, context)
    } catch (second) {
      context.warn(`the network could not be undone: ${(second as Error).message}`)
    }
    throw error
  }
}

/** Refuses ports that are taken; returns the rules that take away what pods that are gone left on ours. */
async function clearPorts(plan: UpPlan, context: StageContext): Promise<string> {
  let sockets: HostSockets = { tcp: [], udp: [] }
  const read = (): void => { sockets = readSockets(plan.ports) }
  const content: TableContent = plan.portsBy === 'nft' ? runJob(readTable(context.uuid), read) : { elements: [], pods: [] }
  if (plan.portsBy !== 'nft') read()
  return removalRules(content, await checkPorts(plan.ports, content, sockets))
}

/** The plugins beside our rules where the configuration tells the subnets; then what needs the pod's address. */
function connect(plan: UpPlan, context: StageContext, netns: string, taken: string): Added[] {
  const added: Added[] = []
  const withPorts = plan.portsBy === 'nft'
  const rules = beforehandRules(plan)
  const { uuid } = context
  const chains = { ip: '', ip6: '' }
  const outcomes = runTogether<void>([
    addAll(plan, netns, added), applyRules(uuid, 'ip', withPorts ? '' : rules.ip), applyRules(uuid, 'ip6', rules.ip6),
    readChain(uuid, 'ip', chains), ...(plan.subnets.some(isSix) ? [readChain(uuid, 'ip6', chains)] : []),
  ])
  for (const outcome of outcomes) if (outcome.error !== undefined) throw outcome.error
  const late = subnetsOf(added.filter(({ network }) => network.masquerade)).filter((subnet) => !plan.subnets.includes(subnet))
  const four = (withPorts ? rules.ip : '') + masqueradeRules('ip', late) + (withPorts ? taken + publish(plan, uuid, added) : '')
  runJob(applyRules(uuid, 'ip', four))
  letPass(plan, context, added, chains)
  return added
}

function* readChain(uuid: string, family: Family, chains: Record<Family, string>): Job<void> {
  chains[family] = yield* readForwarding(uuid, family)
}

/** A pod that is not let out is still one that its user may want: so it is told, and goes on. */
function letPass(plan: UpPlan, context: StageContext, added: readonly Added[], chains: Record<Family, string>): void {
  const four = subnetsOf(added.filter(({ network }) => network.masquerade || network.network === plan.portNetwork))
  for (const { error } of runTogether([
    allowForwarding(context.uuid, 'ip', [...new Set(four)], chains.ip), allowForwarding(context.uuid, 'ip6', plan.subnets.filter(isSix), chains.ip6),
  ])) {
    if (isRocketError(error)) context.warn(`${error.message}; ${error.hint}`)
    else if (error !== undefined) throw error
  }
}

function isSix(subnet: string): boolean {
  return subnet.includes(':')
}

function* addAll(plan: UpPlan, netns: string, added: Added[]): Job<void> {
  for (const network of plan.networks) {
    const result = yield* addLink(network, netns)
    added.push({ network, result, facts: readResult(result) })
  }
}

function beforehandRules(plan: UpPlan): { ip: string; ip6: string } {
  const four = plan.subnets.filter((subnet) => !isSix(subnet))
  return { ip: masqueradeRules('ip', four), ip6: masqueradeRules('ip6', plan.subnets.filter(isSix)) }
}

function subnetsOf(added: readonly Added[]): string[] {
  return added.flatMap(({ facts }) => facts.addresses.filter(isIpv4).map(subnetOf))
}

function publish(plan: UpPlan, uuid: string, added: readonly Added[]): string {
  const target = added.find(({ network }) => network.network === plan.portNetwork)
  const address = target?.facts.addresses.find(isIpv4)?.split('/')[0]
  if (address === undefined) {
    throw new RocketError('PORT_NOT_PUBLISHED', {
      what: `the ports of the pod cannot be published`, why: `network ${plan.portNetwork ?? ''} gave it no IPv4 address`,
    })
  }
  const hostInterface = target?.facts.hostInterface
  if (hostInterface !== undefined) allowLoopbackRoutes(hostInterface)
  return portRules({ uuid, address, hostInterface }, plan.ports)
}

/** Lets what the host sends from 127.0.0.1 leave through the pod's interface. The guard chain keeps the other direction closed. */
function allowLoopbackRoutes(name: string): void {
  const path = `/proc/sys/net/ipv4/conf/${name}/route_localnet`
  try {
    writeFileSync(path, '1')
  } catch (error) {
    if (!isErrno(error, 'ENOENT')) throw syscallError(error, `cannot write ${path}`)
  }
}

function raiseLoopback(netns: string): void {
  if (hasLoopback(netns)) return
  let fd: number | undefined
  try {
    fd = openSync(netns, 'r')
    native().setLoopbackUp(fd)
  } catch (error) {
    throw syscallError(error, `cannot bring the loopback interface up in ${netns}`)
  } finally {
    if (fd !== undefined) closeSync(fd)
  }
}

/**
 * Whether the loopback interface is up already, as our own first process of a pod leaves it: the broadcast route is there only then. Asked
 * without the kernel's lock on interfaces, which pods that start or end at the same moment hold for milliseconds.
 */
function hasLoopback(netns: string): boolean {
  const pid = /^\/proc\/(\d+)\/ns\/net$/.exec(netns)?.[1]
  if (pid === undefined) return false
  try {
    return readFileSync(`/proc/${pid}/net/fib_trie`, 'latin1').includes('127.255.255.255')
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ESRCH')) return false
    throw error
  }
}

function describe(plan: UpPlan, context: StageContext, added: readonly Added[]): Net {
  const subnets = [...new Set([...plan.subnets, ...subnetsOf(added.filter(({ network }) => network.masquerade))])]
  const masquerade = subnets.map((subnet) => ({ table: `${subnet.includes(':') ? 'ip6' : 'ip'} ${table}`, comment: subnet }))
  const dns = added.find(({ result }) => (result.dns?.nameservers?.length ?? 0) > 0)
  for (const other of added) {
    if (dns !== undefined && other !== dns && (other.result.dns?.nameservers?.length ?? 0) > 0) {
      context.warn(`network ${other.network.network} returned DNS servers; those of ${dns.network.network} are used`)
    }
  }
  return {
    version: 1, uuid: context.uuid, mode: 'contained', ...(plan.netns === undefined ? {} : { netns: plan.netns }), cniPath: plan.cniPath,
    attachments: added.map(describeAttachment),
    ...(dns === undefined ? {} : { dns: describeDns(dns) }),
    ports: plan.ports,
    ...(masquerade.length === 0 ? {} : { masquerade }),
  }
}

function describeAttachment({ network, result, facts }: Added): Attachment {
  const { cniVersion, network: name, plugins, portMappings } = network
  return {
    network: name, ifName: network.ifName, ...facts, plugins: plugins.map((plugin) => plugin.type),
    config: { name, cniVersion, plugins, file: network.file, ...(portMappings === undefined ? {} : { portMappings }) },
    ...(network.args === undefined ? {} : { args: network.args }),
    result,
  }
}

function describeDns({ network, result }: Added): NonNullable<Net['dns']> {
  const { nameservers = [], search = [], options = [], domain } = result.dns ?? {}
  return { nameservers, search, options, ...(domain === undefined || domain === '' ? {} : { domain }), from: network.network }
}
