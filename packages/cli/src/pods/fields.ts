import { readIfThere } from '@rocket/host'

/** A document of which only some fields are wanted. */
export type Fields = Readonly<Record<string, unknown>>

/**
 * Reads a document for showing it. Unlike a stage, `list` does not check the whole schema, which for a thousand pods takes longer than all
 * the rest: it takes the fields it prints, and a wrong one is missing. Undefined when there is no such file; throws when it is not JSON.
 */
export function readFields(path: string): Fields | undefined {
  const text = readIfThere(path)?.toString('utf8')
  if (text === undefined) return undefined
  try {
    return asFields(JSON.parse(text)) ?? {}
  } catch (cause) {
    throw new Error(`${path} is not JSON`, { cause })
  }
}

export function asFields(value: unknown): Fields | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : undefined
}

export function textField(fields: Fields | undefined, name: string): string | undefined {
  const value = fields?.[name]
  return typeof value === 'string' ? value : undefined
}

export function numberField(fields: Fields | undefined, name: string): number | undefined {
  const value = fields?.[name]
  return typeof value === 'number' ? value : undefined
}

/** A time as milliseconds. */
export function timeField(fields: Fields | undefined, name: string): number | undefined {
  const ms = Date.parse(textField(fields, name) ?? '')
  return Number.isNaN(ms) ? undefined : ms
}

export function listField(fields: Fields | undefined, name: string): Fields[] {
  const value = fields?.[name]
  return Array.isArray(value) ? value.map(asFields).filter((item) => item !== undefined) : []
}

/** Of a list of `{name, value}`, the value of one name. */
export function namedValue(fields: Fields | undefined, listName: string, name: string): string | undefined {
  return textField(listField(fields, listName).find((item) => item['name'] === name), 'value')
}

export function textMap(fields: Fields | undefined, name: string): Record<string, string> {
  const entries = Object.entries(asFields(fields?.[name]) ?? {})
  return Object.fromEntries(entries.filter((entry): entry is [string, string] => typeof entry[1] === 'string'))
}
