import * as z from 'zod'
import { AppName, Argv, PodPath, Uuid } from '../common/schema.ts'

/** The program that isolates, and the cgroup hierarchy as it meets it: `hybrid` is v1 with an additional v2 tree. */
export const Runtime = z.strictObject({
  name: z.string(), path: z.string(), version: z.string(), cgroups: z.enum(['v1', 'hybrid', 'v2', 'none']).optional(),
})

/**
 * What stage1 made of the pod. Vectors are run with cwd = pod, in the pod's mount namespace, with descriptors 0, 1, 2 and the
 * environment PATH, RKT_POD (the pod's directory), RKT_APP (where there is one).
 */
export const Run = z.discriminatedUnion('supervision', [
  z.strictObject({
    version: z.literal(1), uuid: Uuid, flavor: z.string(), runtime: Runtime.optional(),
    supervision: z.literal('apps'),
    endsAsApp: z.boolean().optional()
      .meta({
        description: 'the foreground launcher becomes the app, and rkt run dies by the signal that ended it, as with fly; absent: rkt run exits ' +
          'with the number of the signal, and a foreground launcher says 128 and that number',
      }),
    cleanup: z.array(Argv).meta({ description: 'run in order when the last app is gone; each can be repeated' }),
    notes: z.array(z.string()).meta({ description: 'what the machine could not give, said once to the user' }),
  }),
  z.strictObject({
    version: z.literal(1), uuid: Uuid, flavor: z.string(), runtime: Runtime.optional(),
    supervision: z.literal('pod'),
    argv: Argv.meta({ description: 'runs the whole pod, executed in place of stage2 with the lock descriptor (RKT_LOCK_FD) open' }),
    statuses: z.record(AppName, PodPath).meta({ description: 'where the AppStatus of each app appears' }),
    stop: Argv.optional().meta({ description: 'asks the pod to end; absent: TERM to the process' }),
    enter: z.record(AppName, z.strictObject({ enter: Argv.optional(), enterTty: Argv.optional() })),
    cleanup: z.array(Argv),
    notes: z.array(z.string()),
  }),
]).meta({ title: 'Run', file: 'run.json', writer: 'stage1 create', readers: ['stage2', 'cli'] })
export type Run = z.infer<typeof Run>
