import { matches } from './fits.ts'
import type { JsonSchema } from './json-schema.ts'

export interface Fault {
  /** JSON pointer (RFC 6901) to the value, empty for the whole document. */
  pointer: string
  message: string
}

/**
 * Every way in which a value fails a schema, in document order. A field whose name begins with `x-` is an extension and is passed
 * over; every other unknown field counts as critical and is a fault. Lives without zod, whose loading costs a third of a pod's start.
 */
export function findFaults(schema: JsonSchema, value: unknown): Fault[] {
  const faults: Fault[] = []
  check(schema, value, '', faults)
  return faults
}

function check(schema: JsonSchema, value: unknown, pointer: string, faults: Fault[]): void {
  const fail = (message: string): void => void faults.push({ pointer, message })
  if ('const' in schema && value !== schema.const) return fail(`must be ${JSON.stringify(schema.const)}`)
  if (schema.enum !== undefined && !schema.enum.includes(value)) return fail(`must be one of ${schema.enum.map((one) => JSON.stringify(one)).join(', ')}`)
  const branches = schema.oneOf ?? schema.anyOf
  if (branches !== undefined) return checkBranches(branches, value, pointer, faults)
  switch (schema.type) {
    case 'string': return typeof value === 'string' ? checkString(schema, value, fail) : fail('must be a string')
    case 'integer': return Number.isSafeInteger(value) ? checkRange(schema, value as number, fail) : fail('must be an integer')
    case 'number': return typeof value === 'number' ? checkRange(schema, value, fail) : fail('must be a number')
    case 'boolean': return typeof value === 'boolean' ? undefined : fail('must be true or false')
    case 'array': return Array.isArray(value) ? checkArray(schema, value, pointer, faults) : fail('must be an array')
    case 'object': return isPlainObject(value) ? checkObject(schema, value, pointer, faults) : fail('must be an object')
    default: return undefined
  }
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function checkString(schema: JsonSchema, value: string, fail: (message: string) => void): void {
  if (schema.minLength !== undefined && value.length < schema.minLength) fail(`must have at least ${schema.minLength} characters`)
  if (schema.maxLength !== undefined && value.length > schema.maxLength) return fail(`must have at most ${schema.maxLength} characters`)
  if (schema.pattern === undefined) return
  if (!matches(schema.pattern, value)) fail(`must match ${schema.pattern}`)
}

function checkRange(schema: JsonSchema, value: number, fail: (message: string) => void): void {
  if (schema.minimum !== undefined && value < schema.minimum) fail(`must be at least ${schema.minimum}`)
  if (schema.maximum !== undefined && value > schema.maximum) fail(`must be at most ${schema.maximum}`)
}

function checkArray(schema: JsonSchema, value: unknown[], pointer: string, faults: Fault[]): void {
  if (schema.minItems !== undefined && value.length < schema.minItems) faults.push({ pointer, message: `must have at least ${schema.minItems} items` })
  if (schema.maxItems !== undefined && value.length > schema.maxItems) faults.push({ pointer, message: `must have at most ${schema.maxItems} items` })
  const items = schema.items
  if (items !== undefined) value.forEach((item, index) => check(items, item, `${pointer}/${index}`, faults))
}

function checkObject(schema: JsonSchema, value: Record<string, unknown>, pointer: string, faults: Fault[]): void {
  for (const name of schema.required ?? []) {
    if (!Object.hasOwn(value, name)) faults.push({ pointer: below(pointer, name), message: 'is missing' })
  }
  for (const [name, member] of Object.entries(value)) {
    const known = schema.properties !== undefined && Object.hasOwn(schema.properties, name) ? schema.properties[name] : undefined
    if (known !== undefined) check(known, member, below(pointer, name), faults)
    else if (schema.additionalProperties === false) {
      if (!name.startsWith('x-')) faults.push({ pointer: below(pointer, name), message: 'is not a known field' })
    } else {
      if (schema.propertyNames !== undefined) check(schema.propertyNames, name, below(pointer, name), faults)
      if (schema.additionalProperties !== undefined) check(schema.additionalProperties, member, below(pointer, name), faults)
    }
  }
  const excluded = schema.not?.required
  if (excluded?.every((name) => Object.hasOwn(value, name))) faults.push({ pointer, message: `must not have ${excluded.join(' and ')} together` })
}

/** A union reports the faults of the branch whose constant fields fit, so that a reader is told of the field and not of the union. */
function checkBranches(branches: readonly JsonSchema[], value: unknown, pointer: string, faults: Fault[]): void {
  let nearest: Fault[] | undefined
  for (const branch of branches) {
    const found = findFaults(branch, value)
    if (found.length === 0) return
    if (nearest === undefined || (tagsFit(branch, value) && found.length > 0)) nearest = found
  }
  for (const fault of nearest ?? []) faults.push({ pointer: pointer + fault.pointer, message: fault.message })
}

function tagsFit(branch: JsonSchema, value: unknown): boolean {
  if (!isPlainObject(value)) return false
  return Object.entries(branch.properties ?? {}).every(([name, member]) => !('const' in member) || value[name] === member.const)
}

function below(pointer: string, name: string): string {
  return `${pointer}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`
}
