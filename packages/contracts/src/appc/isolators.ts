import * as z from 'zod'
import { acIdentifier, checked } from './primitives.ts'
import { checkQuantity, parseQuantity } from './quantity.ts'

type Check = (value: unknown, name: string) => string | undefined

const limited: Check = (value) =>
  resource(value, (default_) => (default_ === undefined || default_ === false ? undefined : 'default must be false'))
const shared: Check = (value) =>
  resource(value, (default_, request) => {
    if (default_ !== true) return 'default must be true'
    return request === undefined ? undefined : 'request not supported by this resource, must be empty'
  })

/** What the reference library knows, and rkt's own: how a value is checked, and whether there may be several. */
const known: Record<string, { check: Check; single?: boolean }> = {
  'resource/cpu': { check: limited },
  'resource/memory': { check: limited },
  'resource/block-bandwidth': { check: shared },
  'resource/block-iops': { check: shared },
  'resource/network-bandwidth': { check: shared },
  'os/linux/capabilities-retain-set': { check: nonEmptySet },
  'os/linux/capabilities-remove-set': { check: nonEmptySet },
  'os/linux/no-new-privileges': { check: (value, name) => (typeof value === 'boolean' ? undefined : `${name} must be true or false`) },
  'os/linux/seccomp-retain-set': { check: seccompSet, single: true },
  'os/linux/seccomp-remove-set': { check: seccompSet, single: true },
  'os/linux/cpu-shares': { check: (value, name) => integer(value, name, 2, 262144), single: true },
  'os/linux/oom-score-adj': { check: (value, name) => integer(value, name, -1000, 1000), single: true },
  'os/linux/selinux-context': { check: selinuxContext, single: true },
  'os/linux/apparmor-profile': { check: apparmorProfile, single: true },
  'os/unix/sysctl': { check: sysctl, single: true },
}

/** The value is appc's raw JSON: kept as it is, whatever it is. */
export const Isolator = z.object({ name: acIdentifier('ACIdentifier cannot be empty'), value: z.unknown() })
export type Isolator = z.infer<typeof Isolator>

/** Of an app: names the library does not know make the whole list invalid, and the set rules hold. */
export const AppIsolators = checked(z.array(Isolator), (isolators) => {
  for (const { name, value } of isolators) {
    const rule = Object.hasOwn(known, name) ? known[name] : undefined
    if (rule === undefined) return `invalid isolator: "${name}"`
    const wrong = rule.check(value, name)
    if (wrong !== undefined) return `${name}: ${wrong}`.replace(`${name}: ${name} `, `${name} `)
    if (rule.single === true && isolators.filter((other) => other.name === name).length > 1) {
      return `isolators set contains too many instances of type ${name}`
    }
  }
  const has = (name: string): boolean => isolators.some((isolator) => isolator.name === name)
  if (has('os/linux/seccomp-retain-set') && has('os/linux/seccomp-remove-set')) return 'isolators set contains incompatible types'
  return undefined
})

/** Of a pod: each is checked by itself, unknown ones are kept. */
export const PodIsolators = checked(z.array(Isolator), (isolators) => {
  for (const { name, value } of isolators) {
    const wrong = Object.hasOwn(known, name) ? known[name]!.check(value, name) : undefined
    if (wrong !== undefined) return `${name}: ${wrong}`.replace(`${name}: ${name} `, `${name} `)
  }
  return undefined
})

function resource(value: unknown, check: (default_: unknown, request: unknown) => string | undefined): string | undefined {
  if (!isObject(value)) return 'the value is not an object'
  for (const key of ['request', 'limit']) {
    const quantity = value[key]
    if (quantity === undefined) continue
    if (typeof quantity !== 'string' && typeof quantity !== 'number') return `${key} is not a quantity`
    const wrong = checkQuantity(quantity)
    if (wrong !== undefined) return wrong
    if (parseQuantity(quantity)!.nano < 0n) return `${key} must not be negative`
  }
  return check(value['default'], value['request'])
}

function nonEmptySet(value: unknown): string | undefined {
  const set = isObject(value) ? value['set'] : undefined
  if (set !== undefined && (!Array.isArray(set) || set.some((name) => typeof name !== 'string'))) return 'set must be a list of names'
  return Array.isArray(set) && set.length > 0 ? undefined : 'set must be non-empty'
}

function seccompSet(value: unknown): string | undefined {
  const wrong = nonEmptySet(value)
  if (wrong !== undefined) return wrong
  const errno = (value as Record<string, unknown>)['errno'] ?? ''
  return errno === '' || (typeof errno === 'string' && /^E[A-Z0-9]+$/.test(errno)) ? undefined : 'errno must be an upper case string'
}

function integer(value: unknown, name: string, min: number, max: number): string | undefined {
  return Number.isSafeInteger(value) && (value as number) >= min && (value as number) <= max
    ? undefined
    : `${name} must be between ${min} and ${max}, got ${JSON.stringify(value)}`
}

function selinuxContext(value: unknown): string | undefined {
  const context = isObject(value) ? value : {}
  for (const key of ['user', 'role', 'type', 'level']) {
    const part = context[key]
    if (typeof part !== 'string' || part === '' || (key !== 'level' && part.includes(':')))
      return `invalid ${key} value "${String(part ?? '')}"`
  }
  return undefined
}

function apparmorProfile(value: unknown): string | undefined {
  const profile = isObject(value) ? value['profile'] : undefined
  return typeof profile === 'string' && profile !== '' ? undefined : 'profile must be non-empty'
}

function sysctl(value: unknown): string | undefined {
  return isObject(value) && Object.values(value).every((setting) => typeof setting === 'string')
    ? undefined
    : 'the value is not a map of strings'
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
