import * as z from 'zod'
import { AppName, PodPath } from '../common/schema.ts'

/** The name of a virtio port, as the guest finds it below /sys/class/virtio-ports. */
export const PortName = z.string().max(64).regex(/^rocket\.[a-z0-9]+(\.[a-z0-9-]+)*$/)
export const Rows = z.int().min(0).max(65535)

/** `port` is a virtio console, which the guest sees as a terminal; the others are plain serial ports. */
export const GuestTerminal = z.strictObject({ port: PortName, rows: Rows, columns: Rows })

/** What is absent is /dev/null. A terminal takes the place of all three. */
export const GuestStreams = z.strictObject({
  stdin: PortName.optional(),
  stdout: PortName.optional(),
  stderr: PortName.optional(),
  terminal: GuestTerminal.optional(),
})

/** One app, as the guest runs it: an OCI bundle on the share, and how it ends. */
export const GuestApp = z.strictObject({
  app: AppName,
  instance: z.int().min(1),
  bundle: PodPath.meta({ description: 'the directory of its config.json, relative to the share' }),
  streams: GuestStreams,
  handlers: z.strictObject({ preStart: PodPath.optional(), postStop: PodPath.optional() })
    .meta({ description: 'bundles of their own, run to their end before and after the app with its output streams' }),
  stopSignal: z.int().min(1).max(64),
  stopTimeoutMs: z.int().min(0),
})
export type GuestApp = z.infer<typeof GuestApp>
export type GuestStreams = z.infer<typeof GuestStreams>
export type GuestTerminal = z.infer<typeof GuestTerminal>
