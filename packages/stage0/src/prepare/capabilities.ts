import { RocketError, type AppRequest, type Feature, type Isolators } from '@rocket/contracts'
import { capabilityNames } from '@rocket/host'
import { invalidIsolator as invalid, setOf, type IsolatorEntry, type IsolatorsByName } from './isolator-entry.ts'
import type { Notes } from './notes.ts'

export interface CapabilitySources {
  imageName: string
  request: Pick<AppRequest['isolators'], 'capsRetain' | 'capsRemove'>
  features: ReadonlySet<Feature>
  /** Asked only where a flavor has capability sets. */
  boundingSet: () => ReadonlySet<string>
}

const retainName = 'os/linux/capabilities-retain-set'
const removeName = 'os/linux/capabilities-remove-set'
export const capabilitiesIsolators: readonly string[] = [retainName, removeName]

/** What an app has when nobody states anything: appc's set, as rkt and docker have it. */
export const defaultCapabilities: readonly string[] = [
  'CAP_AUDIT_WRITE', 'CAP_CHOWN', 'CAP_DAC_OVERRIDE', 'CAP_FOWNER', 'CAP_FSETID', 'CAP_KILL', 'CAP_MKNOD', 'CAP_NET_BIND_SERVICE',
  'CAP_NET_RAW', 'CAP_SETFCAP', 'CAP_SETGID', 'CAP_SETPCAP', 'CAP_SETUID', 'CAP_SYS_CHROOT',
]

/**
 * The bounding set of an app: exactly what is retained, or the default set less what is removed. What this machine's own bounding set
 * lacks is warned of and left out of the default, and refused where it was retained by name: CAPABILITY_UNAVAILABLE. A flavor without
 * capability sets is not asked.
 */
export function planCapabilities(
  sources: CapabilitySources, of: IsolatorsByName, notes: Notes,
): Pick<Isolators, 'capabilities' | 'capabilitiesStated'> {
  const { retain, remove, statedBy } = statementOf(sources, of)
  if (statedBy !== undefined) notes.need('isolator-capabilities', statedBy)
  const wanted = retain ?? defaultCapabilities.filter((name) => !(remove ?? []).includes(name))
  const capabilities = sources.features.has('isolator-capabilities')
    ? withinMachine(sources, wanted, retain === undefined ? undefined : statedBy, notes)
    : wanted
  return { capabilities: [...capabilities].sort(), capabilitiesStated: [...(retain ?? [])].sort() }
}

function statementOf(
  sources: CapabilitySources, of: IsolatorsByName,
): { retain?: readonly string[]; remove?: readonly string[]; statedBy?: string } {
  const { capsRetain, capsRemove } = sources.request
  if (capsRetain !== undefined && capsRemove !== undefined) {
    throw invalid('--caps-retain with --caps-remove', 'error: cannot use both --caps-retain and --caps-remove on the same image')
  }
  if (capsRetain !== undefined) return { retain: checked(capsRetain, '--caps-retain'), statedBy: '--caps-retain' }
  if (capsRemove !== undefined) return { remove: checked(capsRemove, '--caps-remove'), statedBy: '--caps-remove' }
  const [retained, removed] = capabilitiesIsolators.map((name) => unionOf(of.get(name) ?? [], stated(sources, name)))
  if (retained !== undefined && removed !== undefined) {
    throw invalid(`the isolator set of image ${sources.imageName}`, `cannot have both ${retainName} and ${removeName}`)
  }
  if (retained !== undefined) return { retain: retained, statedBy: stated(sources, retainName) }
  return removed === undefined ? {} : { remove: removed, statedBy: stated(sources, removeName) }
}

function unionOf(entries: readonly IsolatorEntry[], statedBy: string): string[] | undefined {
  return entries.length === 0 ? undefined : checked(entries.flatMap((entry) => setOf(entry, statedBy)), statedBy)
}

function checked(names: readonly string[], statedBy: string): string[] {
  for (const name of names) if (!capabilityNames.includes(name)) throw invalid(statedBy, `${JSON.stringify(name)} is not a capability`)
  return [...new Set(names)]
}

function withinMachine(
  sources: CapabilitySources, wanted: readonly string[], retainedBy: string | undefined, notes: Notes,
): readonly string[] {
  const boundingSet = sources.boundingSet()
  const lost = wanted.filter((name) => !boundingSet.has(name))
  if (lost.length === 0) return wanted
  if (retainedBy !== undefined) {
    throw new RocketError('CAPABILITY_UNAVAILABLE', {
      what: `${retainedBy} retains ${lost.join(', ')}`, why: "the machine's bounding set does not have it, so no process can",
      hint: 'leave it out, or run Rocket where the bounding set has it (it is CapBnd in /proc/self/status)',
    })
  }
  notes.warn(`warning: apps do without ${lost.join(', ')}: the machine's bounding set does not have it`)
  return wanted.filter((name) => boundingSet.has(name))
}

function stated(sources: CapabilitySources, isolator: string): string {
  return `image ${sources.imageName} isolator ${isolator}`
}
