/** The part of JSON Schema (2020-12) that our documents use. A keyword outside it is a bug of the generator, which refuses it. */
export interface JsonSchema {
  type?: 'object' | 'array' | 'string' | 'integer' | 'number' | 'boolean'
  const?: unknown
  enum?: readonly unknown[]
  properties?: Readonly<Record<string, JsonSchema>>
  required?: readonly string[]
  additionalProperties?: false | JsonSchema
  propertyNames?: JsonSchema
  items?: JsonSchema
  minItems?: number
  maxItems?: number
  minimum?: number
  maximum?: number
  minLength?: number
  maxLength?: number
  pattern?: string
  oneOf?: readonly JsonSchema[]
  anyOf?: readonly JsonSchema[]
  not?: { required: readonly string[] }
}

export const knownKeywords: ReadonlySet<string> = new Set([
  'type', 'const', 'enum', 'properties', 'required', 'additionalProperties', 'propertyNames', 'items', 'minItems', 'maxItems', 'minimum',
  'maximum', 'minLength', 'maxLength', 'pattern', 'oneOf', 'anyOf', 'not',
])
