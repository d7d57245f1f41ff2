import * as z from 'zod'
import { AppName, ProcessIdentity, Time, Uuid } from '../common/schema.ts'

/** The supervisor's own state. `result` is what `rkt run` exits with; `firstFailure` is the app it came from. */
export const Stage2State = z.strictObject({
  version: z.literal(1),
  uuid: Uuid,
  process: ProcessIdentity,
  state: z.enum(['starting', 'ready', 'stopping', 'ended']),
  startedAt: Time,
  endedAt: Time.optional(),
  firstFailure: AppName.optional(),
  result: z.int().min(0).max(255).optional(),
  signal: z.int().min(1).max(64).optional().meta({ description: 'the signal that ended the first failing app' }),
}).meta({ title: 'Stage2State', file: 'stage2.json', writer: 'stage2', readers: ['cli'] })
export type Stage2State = z.infer<typeof Stage2State>
