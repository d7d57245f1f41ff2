import * as z from 'zod'
import { AppName, Argv, PodPath, Uuid } from '../common/schema.ts'

const Detached = z.strictObject({ argv: Argv, pidFile: PodPath })

/**
 * How one app is run. `launch` says at least one of two ways, and stage2 takes the one it can supervise. foreground: the vector stays
 * until the app ends, and exits as it did (128 + n for signal n where it cannot die the same way); a shell can wait for it. detached: it
 * exits 0 when the app runs, whose pid is then in `pidFile`; the app becomes a child of stage2, a child subreaper, which learns exactly
 * how it ended. A detached vector that exits otherwise has not started the app. `signal`, where present, gets the number appended;
 * absent: kill(2) on the pid is right. `enter` and `enterTty` are prefixes to which a command is appended.
 */
export const AppRun = z.strictObject({
  version: z.literal(1),
  uuid: Uuid,
  app: AppName,
  instance: z.int().min(1),
  launch: z.union([
    z.strictObject({ foreground: Argv, detached: Detached.optional() }),
    z.strictObject({ foreground: Argv.optional(), detached: Detached }),
  ]),
  signal: Argv.optional(),
  enter: Argv.optional(),
  enterTty: Argv.optional(),
  handlers: z.strictObject({ preStart: Argv.optional(), postStop: Argv.optional() }),
  terminal: z.enum(['none', 'inherit', 'consoleSocket']),
  cleanup: z.array(Argv).meta({ description: 'run in order when the app is gone; each can be repeated' }),
}).meta({ title: 'AppRun', file: 'apps/<app>/run.json', writer: 'stage1 create-app', readers: ['stage2', 'cli'] })
export type AppRun = z.infer<typeof AppRun>
