import type { JsonSchema } from './json-schema.ts'

/**
 * Whether a value passes a schema: true exactly when `findFaults` finds none. Every hand-off of every start passes here, nearly always well, so it
 * keeps no pointers and no messages; that takes a third of the time.
 */
export function fits(schema: JsonSchema, value: unknown): boolean {
  if ('const' in schema && value !== schema.const) return false
  if (schema.enum !== undefined && !schema.enum.includes(value)) return false
  const branches = schema.oneOf ?? schema.anyOf
  if (branches !== undefined) return branches.some((branch) => fits(branch, value))
  switch (schema.type) {
    case 'string': return typeof value === 'string' && stringFits(schema, value)
    case 'integer': return Number.isSafeInteger(value) && isInRange(schema, value as number)
    case 'number': return typeof value === 'number' && isInRange(schema, value)
    case 'boolean': return typeof value === 'boolean'
    case 'array': return Array.isArray(value) && arrayFits(schema, value)
    case 'object': return typeof value === 'object' && value !== null && !Array.isArray(value) && objectFits(schema, value as Record<string, unknown>)
    default: return true
  }
}

const patterns = new Map<string, RegExp>()

export function matches(pattern: string, value: string): boolean {
  let compiled = patterns.get(pattern)
  if (compiled === undefined) patterns.set(pattern, (compiled = new RegExp(pattern)))
  return compiled.test(value)
}

function stringFits({ minLength, maxLength, pattern }: JsonSchema, value: string): boolean {
  if (minLength !== undefined && value.length < minLength) return false
  if (maxLength !== undefined && value.length > maxLength) return false
  return pattern === undefined || matches(pattern, value)
}

function isInRange({ minimum, maximum }: JsonSchema, value: number): boolean {
  return (minimum === undefined || value >= minimum) && (maximum === undefined || value <= maximum)
}

function arrayFits({ minItems, maxItems, items }: JsonSchema, value: unknown[]): boolean {
  if (minItems !== undefined && value.length < minItems) return false
  if (maxItems !== undefined && value.length > maxItems) return false
  if (items === undefined) return true
  for (const item of value) if (!fits(items, item)) return false
  return true
}

function objectFits(schema: JsonSchema, value: Record<string, unknown>): boolean {
  const { properties, required, additionalProperties, propertyNames } = schema
  if (required !== undefined) for (const name of required) if (!Object.hasOwn(value, name)) return false
  for (const name of Object.keys(value)) {
    const known = properties !== undefined && Object.hasOwn(properties, name) ? properties[name] : undefined
    if (known !== undefined) {
      if (!fits(known, value[name])) return false
    } else if (additionalProperties === false) {
      if (!name.startsWith('x-')) return false
    } else if ((propertyNames !== undefined && !fits(propertyNames, name)) || (additionalProperties !== undefined && !fits(additionalProperties, value[name]))) {
      return false
    }
  }
  const excluded = schema.not?.required
  return excluded === undefined || !excluded.every((name) => Object.hasOwn(value, name))
}
