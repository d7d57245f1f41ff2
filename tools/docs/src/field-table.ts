import { escapeCell } from './error-page.ts'

/** As much of JSON Schema as zod writes, with the annotations of our own. */
export interface JsonSchema {
  readonly title?: string
  readonly description?: string
  readonly writer?: string
  readonly readers?: readonly string[]
  readonly type?: string | readonly string[]
  readonly const?: unknown
  readonly enum?: readonly unknown[]
  readonly pattern?: string
  readonly minimum?: number
  readonly maximum?: number
  readonly default?: unknown
  readonly properties?: Readonly<Record<string, JsonSchema>>
  readonly required?: readonly string[]
  readonly items?: JsonSchema
  readonly additionalProperties?: JsonSchema | boolean
  readonly anyOf?: readonly JsonSchema[]
  readonly oneOf?: readonly JsonSchema[]
}

/** A table of all fields, nested ones by their path. A part that is a document of its own (`links`, by title) is linked, not repeated. */
export function makeFieldTable(schema: JsonSchema, links: ReadonlyMap<string, string>): string {
  const rows = variantsOf(schema).flatMap((variant) => listFields(variant, '', links))
  return ['| field | type | | meaning |', '| --- | --- | --- | --- |', ...new Set(rows), ''].join('\n')
}

function listFields(schema: JsonSchema, prefix: string, links: ReadonlyMap<string, string>): string[] {
  const own = Object.entries(schema.properties ?? {}).flatMap(([name, field]) => {
    const path = `${prefix}${name}`
    const presence = schema.required?.includes(name) ? '' : 'optional'
    return [makeRow(path, field, presence, links), ...listNested(field, path, links)]
  })
  const { additionalProperties: rest } = schema
  if (typeof rest !== 'object') return own
  return [...own, makeRow(`${prefix}<name>`, rest, '', links), ...listNested(rest, `${prefix}<name>`, links)]
}

function listNested(field: JsonSchema, path: string, links: ReadonlyMap<string, string>): string[] {
  if (field.title && links.has(field.title)) return []
  if (field.items) return listNested(field.items, `${path}[]`, links)
  return variantsOf(field).flatMap((variant) => listFields(variant, `${path}.`, links))
}

function variantsOf(schema: JsonSchema): readonly JsonSchema[] {
  return schema.anyOf ?? schema.oneOf ?? [schema]
}

function makeRow(path: string, field: JsonSchema, presence: string, links: ReadonlyMap<string, string>): string {
  return `| \`${path}\` | ${escapeCell(nameType(field, links))} | ${presence} | ${escapeCell(field.description ?? '')} |`
}

function nameType(field: JsonSchema, links: ReadonlyMap<string, string>): string {
  const link = field.title && links.get(field.title)
  if (link) return `[${field.title}](${link})`
  if ('const' in field) return `\`${JSON.stringify(field.const)}\``
  if (field.enum) return field.enum.length > 8 ? `one of ${field.enum.length} names` : field.enum.map((value) => `\`${JSON.stringify(value)}\``).join(' or ')
  if (field.items) return `list of ${nameType(field.items, links)}`
  const variants = field.anyOf ?? field.oneOf
  if (variants) return [...new Set(variants.map((variant) => nameType(variant, links)))].join(' or ')
  // A long pattern hides the table; the JSON Schema has it.
  if (field.pattern) return field.pattern.length <= 24 ? `string \`${field.pattern}\`` : 'string of a fixed form'
  return `${String(field.type ?? 'any')}${nameRange(field)}`
}

/** zod writes the safe integers as bounds; they say nothing to a reader. */
function nameRange({ minimum, maximum }: JsonSchema): string {
  const low = minimum === undefined || minimum === Number.MIN_SAFE_INTEGER ? '' : `${minimum}`
  const high = maximum === undefined || maximum === Number.MAX_SAFE_INTEGER ? '' : `${maximum}`
  if (low && high) return ` ${low} to ${high}`
  if (low) return ` from ${low}`
  return high ? ` to ${high}` : ''
}
