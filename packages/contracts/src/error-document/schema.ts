import * as z from 'zod'
import { errorCodes, type ErrorCode } from '../errors/codes.ts'

/** How a stage program says why it failed: the last line of its standard output, beside an exit code other than 0. */
export const ErrorDocumentSchema = z.strictObject({
  version: z.literal(1),
  code: z.enum(Object.keys(errorCodes) as [ErrorCode, ...ErrorCode[]]),
  what: z.string().min(1),
  why: z.string().optional(),
  hint: z.string().optional(),
  stage: z.string().optional(),
  verb: z.string().optional(),
}).meta({ title: 'ErrorDocument', file: 'standard output', writer: 'every stage', readers: ['driver'] })
