import { type ErrorCode, type ErrorDetails, isRocketError, RocketError } from '@rocket/contracts'

/** An error as it crosses to another thread: structured cloning would keep name, message and stack of it and nothing else. */
export interface SentError {
  rocket?: { code: ErrorCode; details: Omit<ErrorDetails, 'cause'> }
  name: string
  message: string
  stack: string | undefined
  /** Of an error of the kernel's. */
  errno: Record<string, string | number>
  cause?: SentError
}

const errnoFields = ['code', 'errno', 'syscall', 'path'] as const

export function toSentError(error: unknown): SentError {
  if (!(error instanceof Error)) return toSentError(new Error(String(error)))
  const errno: SentError['errno'] = {}
  for (const field of errnoFields) {
    const value: unknown = Reflect.get(error, field)
    if (typeof value === 'string' || typeof value === 'number') errno[field] = value
  }
  const sent: SentError = { name: error.name, message: error.message, stack: error.stack, errno }
  if (error.cause !== undefined) sent.cause = toSentError(error.cause)
  if (isRocketError(error)) {
    const { code, what, why, hint } = error
    sent.rocket = { code, details: { what, ...(why === undefined ? {} : { why }), ...(hint === undefined ? {} : { hint }) } }
  }
  return sent
}

/** Code, what, why, hint, errno and cause are those of the one that was sent, and so is the stack. */
export function fromSentError({ rocket, name, message, stack, errno, cause }: SentError): Error {
  const because = cause === undefined ? {} : { cause: fromSentError(cause) }
  const error = rocket === undefined ? Object.assign(new Error(message, because), errno) : new RocketError(rocket.code, { ...rocket.details, ...because })
  if (name !== error.name) Object.defineProperty(error, 'name', { value: name })
  if (stack !== undefined) error.stack = stack
  return error
}
