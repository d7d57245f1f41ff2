import * as z from 'zod'
import { AppName } from '../../common/schema.ts'
import { OciProcess } from '../../oci/runtime-config/schema.ts'
import { GuestApp, GuestStreams, Rows } from '../common.ts'

const id = z.int().min(1)
/** Names a program entered into an app, for `resize`, `signal` and its end. */
export const SessionName = z.string().regex(/^[a-z0-9]{1,32}$/)
const signal = z.int().min(1).max(64)

/**
 * One line to the guest. Every request is answered by a line with the same `id`, in any order. `ping`; `stop` ends the pod, `force` with
 * KILL; `signal` goes to every app, to one, or to a session; `enter` runs a program in an app's confinement, with ports that may appear
 * after the request; `resize` tells a terminal its size; `app-add`, `app-start`, `app-stop` and `app-rm` change a running pod.
 */
export const GuestRequest = z.discriminatedUnion('verb', [
  z.strictObject({ id, verb: z.literal('ping') }),
  z.strictObject({ id, verb: z.literal('stop'), force: z.boolean() }),
  z.strictObject({ id, verb: z.literal('signal'), app: AppName.optional(), session: SessionName.optional(), number: signal }),
  z.strictObject({ id, verb: z.literal('resize'), app: AppName.optional(), session: SessionName.optional(), rows: Rows, columns: Rows }),
  z.strictObject({ id, verb: z.literal('enter'), app: AppName, session: SessionName, process: OciProcess, streams: GuestStreams }),
  z.strictObject({ id, verb: z.literal('app-add'), app: GuestApp }),
  z.strictObject({ id, verb: z.literal('app-start'), app: AppName }),
  z.strictObject({ id, verb: z.literal('app-stop'), app: AppName, force: z.boolean() }),
  z.strictObject({ id, verb: z.literal('app-rm'), app: AppName }),
]).meta({ title: 'GuestRequest', file: 'a line on port rocket.control', writer: 'stage1-vm', readers: ['the agent of the guest'] })
export type GuestRequest = z.infer<typeof GuestRequest>
