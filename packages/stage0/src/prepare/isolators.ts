import {
  parseQuantity, quantityToMillis, quantityToUnits, type AppRequest, type Feature, type Isolators, type Quantity,
} from '@rocket/contracts'
import { capabilitiesIsolators, planCapabilities } from './capabilities.ts'
import { invalidIsolator as invalid, objectOf, setOf, type IsolatorEntry, type IsolatorsByName } from './isolator-entry.ts'
import type { Notes } from './notes.ts'
import { parseSeccompOption, planSeccomp, type SeccompStatement } from './seccomp.ts'

export interface IsolatorSources {
  imageName: string
  /** Of the image, in its order. */
  image: readonly IsolatorEntry[]
  request: AppRequest['isolators']
  features: ReadonlySet<Feature>
  boundingSet: () => ReadonlySet<string>
}

/**
 * The isolators of an app in plain units. Memory and CPU: the last one wins, the command line speaks last; the other options replace what
 * the image says. `request` halves are not enforced, as in rkt. Throws ISOLATOR_INVALID, CAPABILITY_UNAVAILABLE.
 */
export function planIsolators(sources: IsolatorSources, notes: Notes): Isolators {
  const of = new Map<string, IsolatorEntry[]>()
  for (const entry of sources.image) {
    if (!known.has(entry.name)) throw invalid(stated(sources, entry.name), `invalid isolator: ${entry.name} is not known`)
    of.set(entry.name, [...(of.get(entry.name) ?? []), entry])
  }
  for (const name of notEnforced) if (of.has(name)) notes.warn(`warning: ${stated(sources, name)} is not enforced`)
  const { request } = sources
  const memoryBytes = planMemory(sources, of, notes)
  const cpuMillis = planCpu(sources, of, notes)
  const cpuShares = planInteger(sources, of, notes, 'os/linux/cpu-shares', request.cpuShares)
  const oomScoreAdj = planInteger(sources, of, notes, 'os/linux/oom-score-adj', request.oomScoreAdj)
  return {
    ...(memoryBytes === undefined ? {} : { memoryBytes }),
    ...(cpuMillis === undefined ? {} : { cpuMillis }),
    ...(cpuShares === undefined ? {} : { cpuShares }),
    ...(oomScoreAdj === undefined ? {} : { oomScoreAdj }),
    ...planCapabilities(sources, of, notes),
    seccomp: planSeccompOf(sources, of, notes),
    noNewPrivileges: planNoNewPrivileges(sources, of, notes),
  }
}

const notEnforced = ['resource/block-bandwidth', 'resource/block-iops', 'resource/network-bandwidth', 'os/linux/selinux-context']
const integers = {
  'os/linux/cpu-shares': { feature: 'isolator-cpu-shares', option: '--cpu-shares', low: 2, high: 262144 },
  'os/linux/oom-score-adj': { feature: 'isolator-oom-score-adj', option: '--oom-score-adj', low: -1000, high: 1000 },
} as const
const known: ReadonlySet<string> = new Set([
  'resource/cpu', 'resource/memory', ...notEnforced, ...capabilitiesIsolators, 'os/linux/no-new-privileges', 'os/linux/seccomp-retain-set',
  'os/linux/seccomp-remove-set', ...Object.keys(integers),
])

function planMemory(sources: IsolatorSources, of: IsolatorsByName, notes: Notes): number | undefined {
  const limit = lastLimit(sources, of, 'resource/memory', sources.request.memory, '--memory')
  if (limit === undefined) return undefined
  const bytes = withinDouble(quantityToUnits(limit.quantity))
  // Less than a page cannot be meant: it is how `16m`, sixteen thousandths of a byte, shows itself.
  if (bytes < 4096) throw invalid(limit.statedBy, `memory limit of ${bytes} bytes too low. Try a reasonable value, such as --memory=16M`)
  notes.need('isolator-memory', limit.statedBy)
  return bytes
}

function planCpu(sources: IsolatorSources, of: IsolatorsByName, notes: Notes): number | undefined {
  const limit = lastLimit(sources, of, 'resource/cpu', sources.request.cpu, '--cpu')
  if (limit === undefined) return undefined
  if (limit.quantity.nano <= 0n) throw invalid(limit.statedBy, 'a cpu limit must be greater than zero')
  notes.need('isolator-cpu', limit.statedBy)
  return withinDouble(quantityToMillis(limit.quantity))
}

function lastLimit(
  sources: IsolatorSources, of: IsolatorsByName, name: string, option: string | undefined, optionName: string,
): { quantity: Quantity; statedBy: string } | undefined {
  const limits = (of.get(name) ?? []).map((entry) => limitOf(entry, stated(sources, name)))
  if (option !== undefined) return { quantity: quantityOf(option, optionName), statedBy: optionName }
  const quantity = limits.findLast((limit) => limit !== undefined)
  return quantity === undefined ? undefined : { quantity, statedBy: stated(sources, name) }
}

/** `{"request":Q,"limit":Q}`; every one is checked, also those that a later one overrides. */
function limitOf(entry: IsolatorEntry, statedBy: string): Quantity | undefined {
  const value = objectOf(entry, statedBy)
  if (value['default'] !== undefined && value['default'] !== false) throw invalid(statedBy, 'default must be false')
  const limit = value['limit']
  if (limit === undefined || limit === null) return undefined
  if (typeof limit !== 'string' && typeof limit !== 'number') throw invalid(statedBy, 'its limit is neither a string nor a number')
  return quantityOf(limit, statedBy)
}

function quantityOf(text: string | number, statedBy: string): Quantity {
  const quantity = parseQuantity(text)
  if (quantity === undefined) throw invalid(statedBy, `${JSON.stringify(text)} is not a quantity, such as 64M, 512Mi or 500m`)
  return quantity
}

/** What a double cannot count exactly is more than any machine has. */
function withinDouble(units: bigint): number {
  return units > BigInt(Number.MAX_SAFE_INTEGER) ? Number.MAX_SAFE_INTEGER : Number(units)
}

function planInteger(
  sources: IsolatorSources, of: IsolatorsByName, notes: Notes, name: keyof typeof integers, option: number | undefined,
): number | undefined {
  const { feature, option: optionName, low, high } = integers[name]
  const entries = of.get(name) ?? []
  if (entries.length > 1) throw invalid(stated(sources, name), `isolators set contains too many instances of type ${name}`)
  const statedBy = option === undefined ? stated(sources, name) : optionName
  const value = option ?? entries[0]?.value
  if (value === undefined) return undefined
  if (!Number.isInteger(value) || (value as number) < low || (value as number) > high) {
    throw invalid(statedBy, `${name} must be between ${low} and ${high}, got ${JSON.stringify(value)}`)
  }
  notes.need(feature, statedBy)
  return value as number
}

function planSeccompOf(sources: IsolatorSources, of: IsolatorsByName, notes: Notes): Isolators['seccomp'] {
  const option = sources.request.seccomp
  const statement = option === undefined ? seccompOfImage(sources, of) : { ...parseSeccompOption(option), statedBy: '--seccomp' }
  if (statement === undefined) return { mode: 'default' }
  const seccomp = planSeccomp(statement, notes.warn)
  // Asking for no filter needs nothing of a flavor.
  if (seccomp.mode !== 'unconfined') notes.need('isolator-seccomp', statement.statedBy)
  return seccomp
}

function seccompOfImage(sources: IsolatorSources, of: IsolatorsByName): SeccompStatement | undefined {
  const names = ['os/linux/seccomp-retain-set', 'os/linux/seccomp-remove-set']
  const [entry, second] = names.flatMap((name) => of.get(name) ?? [])
  if (entry === undefined) return undefined
  const statedBy = stated(sources, entry.name)
  if (second !== undefined) throw invalid(statedBy, 'too many seccomp isolators specified')
  const value = objectOf(entry, statedBy)
  const errno = value['errno'] ?? ''
  if (typeof errno !== 'string') throw invalid(statedBy, 'its errno is no string')
  return { mode: entry.name === names[0] ? 'retain' : 'remove', set: setOf(entry, statedBy), errno, statedBy }
}

function planNoNewPrivileges(sources: IsolatorSources, of: IsolatorsByName, notes: Notes): boolean {
  const name = 'os/linux/no-new-privileges'
  const entries = of.get(name) ?? []
  for (const { value } of entries) if (typeof value !== 'boolean') throw invalid(stated(sources, name), 'it must be true or false')
  if (entries.length === 0) return true
  const wanted = entries.some(({ value }) => value === true)
  if (wanted) notes.need('isolator-no-new-privileges', stated(sources, name))
  return wanted
}

function stated(sources: Pick<IsolatorSources, 'imageName'>, isolator: string): string {
  return `image ${sources.imageName} isolator ${isolator}`
}
