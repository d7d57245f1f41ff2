import type { DocumentKind } from '../documents.ts'
import { isRocketError, RocketError } from '../errors/rocket-error.ts'
import type { DocumentTypes } from '../types.ts'
import { documentSchema } from './document-schema.ts'
import { findFaults } from './find-faults.ts'
import { fits } from './fits.ts'

/** The largest document that is read, in bytes: a foreign stage must not be able to fill our memory. */
export const maxDocumentBytes: number = 16 * 1024 * 1024

const knownVersion = 1

/**
 * Text to document. `name` is the file, for messages. Throws DOCUMENT_INVALID with every fault as a JSON pointer, and
 * DOCUMENT_VERSION_UNKNOWN saying which version is known and which was met.
 */
export function parseDocument<K extends DocumentKind>(kind: K, text: string, name: string): DocumentTypes[K] {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw new RocketError('DOCUMENT_INVALID', { what: `${name} is not JSON`, why: (cause as Error).message, cause })
  }
  return checkDocument(kind, value, name)
}

/** As parseDocument, for a value: what a writer calls before a byte is written. */
export function checkDocument<K extends DocumentKind>(kind: K, value: unknown, name: string): DocumentTypes[K] {
  const version = typeof value === 'object' && value !== null && 'version' in value ? value.version : undefined
  if (typeof version === 'number' && version !== knownVersion) {
    throw new RocketError('DOCUMENT_VERSION_UNKNOWN', {
      what: `${name} cannot be read`, why: `/version: it has version ${version}, known is ${knownVersion}`,
      hint: 'it was written by another release of Rocket, or of the stage that wrote it; use that release',
    })
  }
  const schema = documentSchema(kind)
  if (!fits(schema, value)) {
    const faults = findFaults(schema, value)
    throw new RocketError('DOCUMENT_INVALID', {
      what: `${name} is not a valid ${kind}`, why: faults.map((fault) => `${fault.pointer || '/'} ${fault.message}`).join('; '),
      hint: `the schema stands in docs/contracts/schemas/${kind}.json`,
    })
  }
  return value as DocumentTypes[K]
}

/** Whether reading a document failed because of what it holds: it is damaged, or of another release. */
export function isUnreadable(error: unknown): error is RocketError {
  return isRocketError(error, 'DOCUMENT_INVALID') || isRocketError(error, 'DOCUMENT_VERSION_UNKNOWN')
}
