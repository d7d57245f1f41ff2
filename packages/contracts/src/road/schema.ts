import * as z from 'zod'
import { Sha256, Time, Uuid } from '../common/schema.ts'

export const FileDigest = z.strictObject({
  file: z.string().min(1).meta({ description: 'relative to the pod, or `store:` and a path in the store' }), sha256: Sha256,
})
export type FileDigest = z.infer<typeof FileDigest>

/**
 * One line of `road.jsonl`: one stage that the driver ran. Each is bound to its own bytes and to the line before it. Who means to deceive
 * can write the whole log anew: it guards against mistakes and small edits.
 */
export const RoadLine = z.strictObject({
  version: z.literal(1),
  uuid: Uuid,
  previous: Sha256.optional().meta({ description: '`lineSha256` of the line before; absent in the first' }),
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
  lineSha256: Sha256.meta({
    description: 'of all bytes of the line before `,"lineSha256"`, with which it ends. No line can be altered unnoticed, and none left out but the last '
      + 'ones: such a log reads as if the driver had been killed there. Nothing is signed',
  }),
}).meta({ title: 'RoadLine', file: 'road.jsonl', writer: 'driver', readers: ['cli'] })
export type RoadLine = z.infer<typeof RoadLine>
