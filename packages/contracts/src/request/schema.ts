import * as z from 'zod'
import { AcIdentifier, AbsolutePath, AppName, EnvironmentName, Id32, NameValue, Port, Time, Uuid } from '../common/schema.ts'
import { FlavorDeclaration } from '../flavor/schema.ts'

/** `readOnly` and `recursive` are absent when nobody said: then the mount point, or the flavor's default, decides. */
export const Volume = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('host'), name: AppName, source: AbsolutePath, readOnly: z.boolean().optional(), recursive: z.boolean().optional(),
  }),
  z.strictObject({
    kind: z.literal('empty'), name: AppName, mode: z.string().regex(/^[0-7]{3,4}$/).optional(), uid: Id32.optional(), gid: Id32.optional(),
    readOnly: z.boolean().optional(), recursive: z.boolean().optional(),
  }),
])
export type Volume = z.infer<typeof Volume>

export const MountRequest = z.strictObject({ volume: AppName, target: AbsolutePath })

/** One image of the command line with what was said behind it. Everything absent is left to the image. */
export const AppRequest = z.strictObject({
  reference: z.string().min(1).max(4096).meta({ description: 'the image as the user named it; a file by its absolute path' }),
  signature: AbsolutePath.optional().meta({ description: 'a detached signature file' }),
  name: AppName.optional(),
  exec: z.string().optional().meta({ description: 'replaces the whole argument vector of the image; args are appended' }),
  args: z.array(z.string()),
  user: z.string().optional(),
  group: z.string().optional(),
  supplementaryGids: z.array(Id32).optional(),
  workingDirectory: AbsolutePath.optional(),
  environment: z.array(z.strictObject({ name: EnvironmentName, value: z.string() })),
  mounts: z.array(MountRequest),
  readOnlyRoot: z.boolean().optional(),
  isolators: z.strictObject({
    memory: z.string().optional(), cpu: z.string().optional(), cpuShares: z.int().optional(), oomScoreAdj: z.int().optional(),
    capsRetain: z.array(z.string()).optional(), capsRemove: z.array(z.string()).optional(), seccomp: z.string().optional(),
  }).meta({ description: "quantities and sets as written on the command line, appc's syntax" }),
  annotations: z.array(NameValue),
  userAnnotations: z.record(z.string(), z.string()).optional(),
  userLabels: z.record(z.string(), z.string()).optional(),
})
export type AppRequest = z.infer<typeof AppRequest>

/** `name` is a port name of some app's image. */
export const PortRequest = z.strictObject({ name: AppName, hostIp: z.ipv4().optional(), hostPort: Port })
export type PortRequest = z.infer<typeof PortRequest>

/** What the user asked for at prepare time, parsed and normalised; nothing resolved. `apps` in the order of the command line. */
export const Request = z.strictObject({
  version: z.literal(1),
  uuid: Uuid,
  createdAt: Time,
  flavor: z.string(),
  flavorPolicy: z.enum(['refuse', 'warn']).meta({ description: 'what happens when a stated need is not among the features of the flavor' }),
  flavors: z.array(FlavorDeclaration).meta({ description: 'the flavors at hand, the wanted one among them' }),
  apps: z.array(AppRequest),
  pullPolicy: z.enum(['new', 'never', 'update']),
  insecure: z.strictObject({ image: z.boolean(), tls: z.boolean(), http: z.boolean(), pubkey: z.boolean() }),
  trustKeysFromHttps: z.boolean().optional().meta({ description: 'keys that were discovered over https are accepted without asking' }),
  platform: z.strictObject({
    os: z.string().regex(/^[a-z0-9]{1,32}$/), architecture: z.string().regex(/^[a-z0-9_]{1,32}$/), variant: z.string().regex(/^[a-z0-9.]{1,32}$/).optional(),
  }).optional().meta({ description: "which one of an image that exists for several, in OCI's words; this machine's unless said" }),
  volumes: z.array(Volume),
  mounts: z.array(MountRequest).meta({ description: 'mounts for every app; an app may override one by target' }),
  ports: z.array(PortRequest),
  inheritEnvironment: z.array(z.strictObject({ name: EnvironmentName, value: z.string() }))
    .meta({ description: "of the caller, with --inherit-env: fills what the app does not set" }),
  setEnvironment: z.array(z.strictObject({ name: EnvironmentName, value: z.string() })).meta({ description: 'wins over everything else' }),
  overlay: z.boolean(),
  exitPolicy: z.enum(['apps', 'sandbox']),
  caller: z.strictObject({ uid: Id32, gid: Id32 }).meta({ description: 'user and group of an app whose image says nothing' }),
  annotations: z.array(z.strictObject({ name: AcIdentifier, value: z.string() })),
}).meta({ title: 'Request', file: 'request.json', writer: 'cli', readers: ['fetch', 'stage0'] })
export type Request = z.infer<typeof Request>
