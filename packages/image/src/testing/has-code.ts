import { type ErrorCode, isRocketError } from '@rocket/contracts'

/** For `assert.throws` and `assert.rejects`. */
export function hasCode(code: ErrorCode, text?: RegExp): (error: unknown) => boolean {
  return (error) => {
    if (isRocketError(error, code) && (text === undefined || text.test(error.message))) return true
    throw error
  }
}
