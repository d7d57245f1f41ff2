import * as z from 'zod'
import { featureNames } from '../features.ts'

export const Namespace = z.enum(['pid', 'network', 'ipc', 'uts'])
export type Namespace = z.infer<typeof Namespace>

/** What a stage1 flavor says of itself. `program` is relative to the directory that holds the file, or absolute. */
export const FlavorDeclaration = z.strictObject({
  version: z.literal(1),
  name: z.string().regex(/^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/),
  interface: z.literal(7),
  program: z.string().min(1).optional().meta({ description: 'absent for a flavor that is built in' }),
  supervision: z.enum(['apps', 'pod']),
  namespaces: z.array(Namespace).meta({ description: "made by the driver before network, around the pod's first process" }),
  features: z.array(z.enum(featureNames)),
  overhead: z.strictObject({ memoryBytes: z.int().min(0), cpuMillis: z.int().min(0) }).optional(),
}).meta({ title: 'FlavorDeclaration', file: 'flavor.json', writer: 'the author of a flavor', readers: ['cli'] })
export type FlavorDeclaration = z.infer<typeof FlavorDeclaration>
