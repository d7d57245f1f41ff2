export { errorCodes, type ErrorCode } from './errors/codes.ts'
export { isErrno, isRocketError, RocketError, type ErrorDetails, type ErrorDocument } from './errors/rocket-error.ts'
