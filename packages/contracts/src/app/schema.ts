import * as z from 'zod'
import { AbsolutePath, AppName, Argv, Id32, ImageId, NameValue, StorePath, Uuid } from '../common/schema.ts'
import { PortDeclaration } from '../image-record/schema.ts'

/** `source` is absolute for a host volume, `pod:` and a path in the pod for an empty one. */
export const Mount = z.strictObject({
  volume: AppName,
  kind: z.enum(['host', 'empty']),
  source: z.string().regex(/^(\/|pod:)/),
  target: AbsolutePath,
  readOnly: z.boolean(),
  recursive: z.boolean().optional().meta({ description: "absent: the flavor's default" }),
  device: z.boolean().meta({ description: 'the source is a device node' }),
})
export type Mount = z.infer<typeof Mount>

export const Seccomp = z.discriminatedUnion('mode', [
  z.strictObject({ mode: z.literal('default') }),
  z.strictObject({ mode: z.literal('unconfined') }),
  z.strictObject({ mode: z.literal('allow'), syscalls: z.array(z.string()), errno: z.string().optional() }),
  z.strictObject({ mode: z.literal('deny'), syscalls: z.array(z.string()), errno: z.string().optional() }),
])
export type Seccomp = z.infer<typeof Seccomp>

/** Resolved: defaults filled in, quantities in plain units, groups of names expanded. Absent limits are no limits. */
export const Isolators = z.strictObject({
  memoryBytes: z.int().min(4096).optional(),
  cpuMillis: z.int().min(1).optional(),
  cpuShares: z.int().min(2).max(262144).optional(),
  oomScoreAdj: z.int().min(-1000).max(1000).optional(),
  capabilities: z.array(z.string().regex(/^CAP_[A-Z_0-9]+$/)).meta({ description: 'the bounding set the app gets, sorted' }),
  capabilitiesStated: z.array(z.string()).meta({ description: 'those explicitly retained: absent on the machine, they are refused' }),
  seccomp: Seccomp,
  noNewPrivileges: z.boolean(),
})
export type Isolators = z.infer<typeof Isolators>

/** Everything about one app, resolved. `instance` is raised when an app is added again or restarted. */
export const App = z.strictObject({
  version: z.literal(1),
  uuid: Uuid,
  app: AppName,
  instance: z.int().min(1),
  order: z.int().min(0).meta({ description: 'start order; also the order in which apps are listed' }),
  imageId: ImageId,
  imageName: z.string(),
  exec: Argv.meta({ description: 'exec[0] is absolute, in the rootfs, symbolic links not resolved' }),
  workingDirectory: AbsolutePath,
  environment: z.array(NameValue).meta({ description: 'complete, in the order in which it is passed' }),
  user: z.strictObject({ uid: Id32, gid: Id32, supplementaryGids: z.array(Id32) }),
  rootfs: z.strictObject({ trees: z.array(StorePath), readOnly: z.boolean() }).meta({ description: 'trees bottom first' }),
  mounts: z.array(Mount).meta({ description: 'in the order in which they are made: a parent before what lies below it' }),
  ports: z.array(PortDeclaration),
  isolators: Isolators,
  handlers: z.strictObject({ preStart: Argv.optional(), postStop: Argv.optional() }),
  stopSignal: z.int().min(1).max(64),
  stopTimeoutMs: z.int().min(0).meta({ description: 'from the stop signal to KILL' }),
  annotations: z.array(NameValue),
  userAnnotations: z.record(z.string(), z.string()),
  userLabels: z.record(z.string(), z.string()),
}).meta({ title: 'App', file: 'apps/<app>/app.json', writer: 'stage0 prepare', readers: ['stage0 start', 'stage1', 'stage2', 'cli'] })
export type App = z.infer<typeof App>
