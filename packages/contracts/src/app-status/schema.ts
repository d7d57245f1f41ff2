import * as z from 'zod'
import { AppName, ProcessIdentity, Time, Uuid } from '../common/schema.ts'

/**
 * What became of an app. `created`: its root is ready; `running`; `exited`: it ran and ended, with `exitCode` or `signal`, never both;
 * `failed`: it never ran, `reason` says why, and rkt's status file says 254.
 */
export const AppStatus = z.strictObject({
  version: z.literal(1),
  uuid: Uuid,
  app: AppName,
  instance: z.int().min(1),
  state: z.enum(['created', 'running', 'exited', 'failed']),
  process: ProcessIdentity.optional().meta({ description: "as the pod's supervisor sees it" }),
  createdAt: Time,
  startedAt: Time.optional(),
  finishedAt: Time.optional(),
  exitCode: z.int().min(0).max(255).optional().meta({ description: 'absent when a signal ended the app' }),
  signal: z.int().min(1).max(64).optional(),
  stopped: z.boolean().optional().meta({ description: 'it ended because the pod was told to stop' }),
  reason: z.string().optional(),
}).refine((status) => status.exitCode === undefined || status.signal === undefined, {
  path: ['signal'], message: 'an app ends with an exit code or by a signal, not both',
}).meta({
  title: 'AppStatus', file: 'apps/<app>/status.json', writer: 'stage2', readers: ['cli'], not: { required: ['exitCode', 'signal'] },
})
export type AppStatus = z.infer<typeof AppStatus>
