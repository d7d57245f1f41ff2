import { writeFileSync } from 'node:fs'
import * as z from 'zod'
import { knownKeywords } from './check/json-schema.ts'
import { documents } from './schemas.ts'

/** Those that the agent of a guest reads and writes, in a file of their own: it carries no others. */
export const guestKinds: ReadonlySet<string> = new Set(['GuestPod', 'GuestRequest', 'GuestAnswer', 'GuestEvent'])

/**
 * Writes `generated/document-schemas.ts` and `generated/guest-schemas.ts`: the JSON Schemas that documents are checked with. Refuses
 * a keyword that the checker does not know, so that no rule of a schema can be lost on the way. A test compares what is written with the
 * schemas.
 */
export function generateDocumentSchemas(): string {
  return [
    mark,
    "import type { DocumentKind } from '../documents.ts'",
    "import { guestSchemaTexts } from './guest-schemas.ts'",
    '',
    '/** JSON, parsed when a document of the kind is first met: building all of them costs every command two milliseconds. */',
    'export const documentSchemaTexts: Readonly<Record<DocumentKind, string>> = {',
    ...schemaLines((kind) => !guestKinds.has(kind)),
    '  ...guestSchemaTexts,',
    '}',
    '',
  ].join('\n')
}

export function generateGuestSchemas(): string {
  return [
    mark,
    `export const guestSchemaTexts: Readonly<Record<${[...guestKinds].map((kind) => `'${kind}'`).join(' | ')}, string>> = {`,
    ...schemaLines((kind) => guestKinds.has(kind)),
    '}',
    '',
  ].join('\n')
}

const mark = '// Generated from the zod schemas by src/generate.ts; `npm run build` and CI keep it so.'

function schemaLines(isWanted: (kind: string) => boolean): string[] {
  return Object.entries(documents).filter(([kind]) => isWanted(kind))
    .map(([kind, schema]) => `  ${kind}: ${JSON.stringify(JSON.stringify(reduce(z.toJSONSchema(schema, { io: 'input' }))))},`)
}

const annotations = new Set(['$schema', 'title', 'description', 'file', 'writer', 'readers', 'format', 'default'])

function reduce(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(reduce)
  if (typeof schema !== 'object' || schema === null) return schema
  const kept: Record<string, unknown> = {}
  for (const [key, value] of Object.entries(schema)) {
    if (annotations.has(key)) continue
    if (!knownKeywords.has(key)) throw new Error(`the checker does not know the keyword ${key}`)
    if (key === 'maximum' && value === Number.MAX_SAFE_INTEGER) continue
    if (key === 'minimum' && value === Number.MIN_SAFE_INTEGER) continue
    kept[key] = key === 'properties' ? Object.fromEntries(Object.entries(value as object).map(([name, member]) => [name, reduce(member)])) : isSchemaKey(key) ? reduce(value) : value
  }
  return kept
}

function isSchemaKey(key: string): boolean {
  return ['items', 'additionalProperties', 'propertyNames', 'oneOf', 'anyOf'].includes(key)
}

if (import.meta.main) {
  writeFileSync(new URL('generated/document-schemas.ts', import.meta.url), generateDocumentSchemas())
  writeFileSync(new URL('generated/guest-schemas.ts', import.meta.url), generateGuestSchemas())
}
