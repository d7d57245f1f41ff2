import * as z from 'zod'
import { Sha256, Time, Uuid } from '../common/schema.ts'

export const FileDigest = z.strictObject({
  file: z.string().min(1).meta({ description: 'relative to the pod, or `store:` and a path in the store' }), sha256: Sha256,
})
export type FileDigest = z.infer<typeof FileDigest>

/**
 * One line of `road.jsonl`: one stage that the driver ran. `previous` is the digest of the line before it (without its line feed), so
 * that a line cannot be altered or left out unnoticed.
 */
export const RoadLine = z.strictObject({
  version: z.literal(1),
  uuid: Uuid,
  previous: Sha256.optional(),
  stage: z.string().min(1),
  verb: z.string().min(1),
  program: z.string().min(1).meta({ description: '`builtin` or a path' }),
  programSha256: Sha256,
  read: z.array(FileDigest),
  wrote: z.array(FileDigest),
  exitCode: z.int().min(0).max(255),
  error: z.string().optional().meta({ description: 'the code of the error it ended with' }),
  startedAt: Time,
  endedAt: Time,
}).meta({ title: 'RoadLine', file: 'road.jsonl', writer: 'driver', readers: ['cli'] })
export type RoadLine = z.infer<typeof RoadLine>
