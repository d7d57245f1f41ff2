import * as z from 'zod'
import { AppcApp, Port } from '../app.ts'
import { PodIsolators } from '../isolators.ts'
import { AcVersion, acIdentifier, acKind, acName, Annotations, checked, findRepeated, ImageHash, Labels, required } from '../primitives.ts'

export const PodVolume = checked(
  z.object({
    name: acName('name must be set'),
    kind: z.string(),
    source: z.string().optional(),
    readOnly: z.boolean().optional().meta({ description: 'absent: the mount point decides' }),
    recursive: z.boolean().optional(),
    mode: z.string().optional().meta({ description: 'octal; 0755 when absent' }),
    uid: z.int().min(0).max(4294967294).optional(),
    gid: z.int().min(0).max(4294967294).optional(),
  }),
  (volume) => {
    if (volume.kind === 'empty') {
      if (volume.source !== undefined && volume.source !== '') return 'source for empty volume must be empty'
      return volume.mode === undefined || /^[0-7]{1,4}$/.test(volume.mode) ? undefined : `mode "${volume.mode}" is not an octal number`
    }
    if (volume.kind !== 'host') return 'unrecognized volume kind: should be one of "empty", "host"'
    if (volume.source === undefined || volume.source === '') return 'source for host volume cannot be empty'
    if (!volume.source.startsWith('/')) return 'source for host volume must be absolute path'
    const set = (['mode', 'uid', 'gid'] as const).find((key) => volume[key] !== undefined)
    return set === undefined ? undefined : `${set} for host volume cannot be set`
  },
)
export type PodVolume = z.infer<typeof PodVolume>

export const PodMount = z.object({
  volume: acName('volume must be set'),
  path: required('path must be set'),
  appVolume: PodVolume.optional().meta({ description: 'used instead of the volume of that name' }),
})

export const RuntimeApp = z.object({
  name: acName('ACName cannot be empty'),
  image: z.object({ id: ImageHash, name: acIdentifier('ACIdentifier cannot be empty').optional(), labels: Labels.optional() }),
  app: AppcApp.optional().meta({ description: "replaces the image's section entirely" }),
  readOnlyRootFS: z.boolean().optional(),
  mounts: z.array(PodMount).optional(),
  annotations: Annotations.optional(),
})
export type RuntimeApp = z.infer<typeof RuntimeApp>

export const ExposedPort = z.object({
  name: acName('ACName cannot be empty'),
  hostPort: z.int().min(1).max(65535),
  hostIP: z.ipv4().optional(),
  podPort: Port.optional(),
})

function noDuplicates<T extends z.ZodType>(schema: T, names: (value: z.output<T>) => string[], message: string): T {
  return checked(schema, (value) => {
    const repeated = findRepeated(names(value))
    return repeated === undefined ? undefined : `${message} "${repeated}"`
  })
}

/** appc's pod manifest. Spec: appc 0.8.11, "Pod Manifest Schema". The version's presence is not demanded, as the library does not. */
export const PodManifest = z
  .object({
    acVersion: AcVersion.optional(),
    acKind: acKind('PodManifest'),
    apps: noDuplicates(z.array(RuntimeApp), (apps) => apps.map(({ name }) => name), 'duplicate apps of name').optional(),
    volumes: noDuplicates(z.array(PodVolume), (volumes) => volumes.map(({ name }) => name), 'duplicate volume name').optional(),
    isolators: PodIsolators.optional(),
    annotations: Annotations.optional(),
    ports: z.array(ExposedPort).optional(),
    userAnnotations: z.record(z.string(), z.string()).optional(),
    userLabels: z.record(z.string(), z.string()).optional(),
  })
  .meta({ title: 'PodManifest' })
export type PodManifest = z.infer<typeof PodManifest>
