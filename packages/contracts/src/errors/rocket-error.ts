import type { ErrorCode } from './codes.ts'

export interface ErrorDetails {
  /** What failed, and on which object: lower case, no full stop. */
  what: string
  why?: string
  /** What the reader can do next. */
  hint?: string
  cause?: unknown
}

/** The form in which an error crosses a process boundary: the last line of a stage program's standard output. */
export interface ErrorDocument {
  version: 1
  code: ErrorCode
  what: string
  why?: string
  hint?: string
  /** The stage and verb in which it was raised, added by the driver. */
  stage?: string
  verb?: string
}

const brand: unique symbol = Symbol.for('rocket.error')

/**
 * An error that a user can meet. Everything else that is thrown is a bug of ours. Known by a mark rather than by its class: rarely needed
 * code lies in bundles of its own, each with a class of this name.
 */
export class RocketError extends Error {
  static override [Symbol.hasInstance](value: unknown): boolean {
    return typeof value === 'object' && value !== null && brand in value
  }

  readonly [brand] = true
  readonly code: ErrorCode
  readonly what: string
  readonly why: string | undefined
  readonly hint: string | undefined
  /** The stage and verb that raised it, added by the driver. */
  raisedBy: { stage: string; verb: string } | undefined

  constructor(code: ErrorCode, details: ErrorDetails) {
    const message = details.why === undefined ? details.what : `${details.what}: ${details.why}`
    super(message, details.cause === undefined ? undefined : { cause: details.cause })
    this.name = 'RocketError'
    this.code = code
    this.what = details.what
    this.why = details.why
    this.hint = details.hint
  }

  toDocument(): ErrorDocument {
    return {
      version: 1,
      code: this.code,
      what: this.what,
      ...(this.why === undefined ? {} : { why: this.why }),
      ...(this.hint === undefined ? {} : { hint: this.hint }),
      ...(this.raisedBy ?? {}),
    }
  }
}

export function isRocketError(error: unknown, code?: ErrorCode): error is RocketError {
  return error instanceof RocketError && (code === undefined || error.code === code)
}

/** True for an error of Node or of the native part with this errno name, the one condition that a `catch` expects. */
export function isErrno(error: unknown, ...names: string[]): error is NodeJS.ErrnoException {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  return typeof code === 'string' && names.includes(code)
}
