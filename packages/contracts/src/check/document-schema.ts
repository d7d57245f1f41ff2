import type { DocumentKind } from '../documents.ts'
import { documentSchemaTexts } from '../generated/document-schemas.ts'
import type { JsonSchema } from './json-schema.ts'

const parsed = new Map<DocumentKind, JsonSchema>()

export function documentSchema(kind: DocumentKind): JsonSchema {
  let schema = parsed.get(kind)
  if (schema === undefined) parsed.set(kind, (schema = JSON.parse(documentSchemaTexts[kind]) as JsonSchema))
  return schema
}
