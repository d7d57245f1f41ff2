import * as z from 'zod'
import { AppIsolators } from './isolators.ts'
import { acName, checked, findRepeated, required } from './primitives.ts'

export const EventHandler = z.object({
  name: checked(required('eventHandler "name" cannot be empty'), (name) =>
    name === 'pre-start' || name === 'post-stop' ? undefined : `bad eventHandler "name": "${name}"`,
  ),
  exec: z.array(z.string()),
})

export const EnvironmentVariable = z.object({
  name: checked(required('environment variable name must not be empty'), (name) =>
    /^[A-Za-z_][A-Za-z_0-9.-]*$/.test(name) ? undefined : `environment variable does not have valid identifier "${name}"`,
  ),
  value: z.string(),
})

export const MountPoint = z.object({
  name: acName('name must be set'),
  path: required('path must be set'),
  readOnly: z.boolean().optional().meta({ description: 'false when absent' }),
})

export const Port = checked(
  z.object({
    name: acName('name must be set'),
    protocol: z.string(),
    port: z
      .int({ error: 'port must be in 1-65535 range' })
      .min(1, 'port must be in 1-65535 range')
      .max(65535, 'port must be in 1-65535 range'),
    count: z.int().min(0).optional().meta({ description: '1 when absent' }),
    socketActivated: z.boolean().optional().meta({ description: 'false when absent' }),
  }),
  ({ port, count }) => (port + (count ?? 1) > 65536 ? 'end of port range must be in 1-65535 range' : undefined),
)

/** The `app` section of an image manifest, and of an app entry of a pod manifest. Spec: appc, "Image Manifest Schema", app. */
export const AppcApp = z.object({
  exec: z.array(z.string()).optional(),
  user: required('user is required'),
  group: required('group is required'),
  supplementaryGIDs: z.array(z.int().min(0).max(4294967294)).optional(),
  eventHandlers: checked(z.array(EventHandler), (handlers) => {
    const repeated = findRepeated(handlers.map(({ name }) => name))
    return repeated === undefined ? undefined : `Only one eventHandler of name "${repeated}" allowed`
  }).optional(),
  workingDirectory: checked(z.string(), (path) =>
    path === '' || path.startsWith('/') ? undefined : 'workingDirectory must be an absolute path',
  ).optional(),
  environment: checked(z.array(EnvironmentVariable), (variables) => {
    const repeated = findRepeated(variables.map(({ name }) => name))
    return repeated === undefined ? undefined : `duplicate environment variable of name "${repeated}"`
  }).optional(),
  mountPoints: z.array(MountPoint).optional(),
  ports: z.array(Port).optional(),
  isolators: AppIsolators.optional(),
  userAnnotations: z.record(z.string(), z.string()).optional(),
  userLabels: z.record(z.string(), z.string()).optional(),
})
export type AppcApp = z.infer<typeof AppcApp>
