import { RocketError } from '@rocket/contracts'

/** The archive is not what its format says; nothing of it can be trusted. */
export function corrupt(what: string, why: string, cause?: unknown): RocketError {
  return new RocketError('LAYER_CORRUPT', { what, why, hint: 'fetch it again; it is truncated or damaged', cause })
}
