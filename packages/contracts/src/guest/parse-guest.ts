import { findFaults } from '../check/find-faults.ts'
import type { JsonSchema } from '../check/json-schema.ts'
import { RocketError } from '../errors/rocket-error.ts'
import { guestSchemaTexts } from '../generated/guest-schemas.ts'
import type { GuestPod } from './guest-pod/schema.ts'
import type { GuestRequest } from './guest-request/schema.ts'

/** What the agent of a guest is told. Runs where there is no Node. Throws DOCUMENT_INVALID for the first, GUEST_PROTOCOL for the second. */
export function parseGuestPod(text: string): GuestPod {
  return parse('GuestPod', text, 'DOCUMENT_INVALID', 'guest.json') as GuestPod
}

export function parseGuestRequest(line: string): GuestRequest {
  return parse('GuestRequest', line, 'GUEST_PROTOCOL', 'the line') as GuestRequest
}

const parsed = new Map<string, JsonSchema>()

function parse(kind: 'GuestPod' | 'GuestRequest', text: string, code: 'DOCUMENT_INVALID' | 'GUEST_PROTOCOL', name: string): unknown {
  let schema = parsed.get(kind)
  if (schema === undefined) parsed.set(kind, (schema = JSON.parse(guestSchemaTexts[kind]) as JsonSchema))
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw new RocketError(code, { what: `${name} is not JSON`, why: (cause as Error).message, cause })
  }
  const faults = findFaults(schema, value)
  if (faults.length === 0) return value
  throw new RocketError(code, { what: `${name} is not a valid ${kind}`, why: faults.map((fault) => `${fault.pointer || '/'} ${fault.message}`).join('; ') })
}
