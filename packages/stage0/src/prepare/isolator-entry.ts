import { RocketError } from '@rocket/contracts'

export interface IsolatorEntry {
  name: string
  value?: unknown
}

/** The isolators of one app by name, in the order of the image. */
export type IsolatorsByName = ReadonlyMap<string, readonly IsolatorEntry[]>

export function invalidIsolator(statedBy: string, why: string): RocketError {
  return new RocketError('ISOLATOR_INVALID', { what: `${statedBy} cannot be used`, why, hint: `mend or leave out ${statedBy}` })
}

/** The value of an isolator whose value is an object. */
export function objectOf(entry: IsolatorEntry, statedBy: string): Record<string, unknown> {
  const { value } = entry
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>
  throw invalidIsolator(statedBy, 'its value is no object')
}

/** The `set` of an isolator that has one. */
export function setOf(entry: IsolatorEntry, statedBy: string): string[] {
  const set = objectOf(entry, statedBy)['set']
  if (!Array.isArray(set) || set.length === 0) throw invalidIsolator(statedBy, 'set must be non-empty')
  if (!set.every((name) => typeof name === 'string')) throw invalidIsolator(statedBy, 'its set holds something that is no string')
  return set
}
