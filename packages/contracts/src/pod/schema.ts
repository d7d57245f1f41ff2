import * as z from 'zod'
import { AppName, NameValue, Port, Protocol, Time, Uuid } from '../common/schema.ts'
import { featureNames } from '../features.ts'
import { FlavorDeclaration } from '../flavor/schema.ts'
import { Volume } from '../request/schema.ts'

/** A need and who stated it, for the message that refuses it: `--memory`, `image example.com/web`. */
export const Need = z.strictObject({ feature: z.enum(featureNames), statedBy: z.string().min(1) })
export type Need = z.infer<typeof Need>

/** A published port, resolved to the app and the port behind its name. */
export const PublishedPort = z.strictObject({
  name: AppName, app: AppName, protocol: Protocol, podPort: Port, hostPort: Port, hostIp: z.ipv4().optional(),
})
export type PublishedPort = z.infer<typeof PublishedPort>

/** The sandbox. It never lists apps: they are the directories below `apps/`; a pod without apps is valid. */
export const Pod = z.strictObject({
  version: z.literal(1),
  uuid: Uuid,
  createdAt: Time,
  flavor: FlavorDeclaration,
  flavorPolicy: z.enum(['refuse', 'warn']),
  otherFlavors: z.array(z.strictObject({ name: z.string(), features: z.array(z.enum(featureNames)) })),
  needs: z.array(Need),
  volumes: z.array(Volume),
  ports: z.array(PublishedPort),
  exitPolicy: z.enum(['apps', 'sandbox']).meta({ description: 'apps: until the first failure or the last app; sandbox: until told' }),
  overlay: z.boolean(),
  annotations: z.array(NameValue),
}).meta({ title: 'Pod', file: 'pod.json', writer: 'stage0 prepare', readers: ['stage0 start', 'network', 'stage1', 'stage2', 'cli'] })
export type Pod = z.infer<typeof Pod>
