import * as z from 'zod'
import { AbsolutePath, ProcessIdentity, Time, Uuid } from '../common/schema.ts'

/**
 * The processes and namespaces that hold the pod, replaced atomically by the driver. Namespaces are paths below /proc/PID/ns of the
 * holder; what is absent is shared with the host. `mount` is the pod's private mount namespace, in which vectors are run.
 */
export const Sandbox = z.strictObject({
  version: z.literal(1),
  uuid: Uuid,
  madeAt: Time,
  bootId: z.string(),
  driver: ProcessIdentity,
  holder: ProcessIdentity,
  namespaces: z.strictObject({
    mount: AbsolutePath, pid: AbsolutePath.optional(), network: AbsolutePath.optional(), ipc: AbsolutePath.optional(), uts: AbsolutePath.optional(),
  }),
}).meta({ title: 'Sandbox', file: 'sandbox.json', writer: 'driver', readers: ['network', 'stage1', 'stage2', 'cli'] })
export type Sandbox = z.infer<typeof Sandbox>
