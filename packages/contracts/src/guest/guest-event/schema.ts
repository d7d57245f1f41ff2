import * as z from 'zod'
import { AppName, Time } from '../../common/schema.ts'
import { SessionName } from '../guest-request/schema.ts'

const at = Time.meta({ description: "by the guest's clock" })
const instance = z.int().min(1)
const exitCode = z.int().min(0).max(255)
const signal = z.int().min(1).max(64)
const text = z.string().max(4096)

/** `failed`: it never ran. */
export const GuestEnd = z.discriminatedUnion('how', [
  z.strictObject({ how: z.literal('exited'), exitCode }),
  z.strictObject({ how: z.literal('signalled'), signal }),
  z.strictObject({ how: z.literal('failed'), reason: text }),
])
export type GuestEnd = z.infer<typeof GuestEnd>

/**
 * One line of what happened in the guest, appended to port `rocket.events`. `ready`: the share is mounted and guest.json is read. Of
 * each instance of an app `app-started` comes at most once, then `app-ended` once, when all it wrote has gone out of its ports. `pod-ready`:
 * every app runs or has ended. `over` is the last line; the machine is turned off after it.
 */
export const GuestEvent = z.discriminatedUnion('event', [
  z.strictObject({
    event: z.literal('ready'), at, protocol: z.literal(1), bootId: z.string().max(64), kernel: z.string().max(128),
    uptimeMs: z.int().min(0).meta({ description: 'since the kernel started' }),
  }),
  z.strictObject({
    event: z.literal('app-started'), at, app: AppName, instance, pid: z.int().min(1).meta({ description: "in the guest's first pid namespace" }),
  }),
  z.strictObject({
    event: z.literal('app-ended'), at, app: AppName, instance, end: GuestEnd,
    stopped: z.boolean().meta({ description: 'it ended because it was told to' }),
  }),
  z.strictObject({ event: z.literal('pod-ready'), at }),
  z.strictObject({ event: z.literal('session-ended'), at, session: SessionName, end: GuestEnd }),
  z.strictObject({ event: z.literal('problem'), at, message: text }),
  z.strictObject({ event: z.literal('over'), at, result: exitCode, signal: signal.optional(), firstFailure: AppName.optional() }),
]).meta({ title: 'GuestEvent', file: 'a line on port rocket.events', writer: 'the agent of the guest', readers: ['stage1-vm'] })
export type GuestEvent = z.infer<typeof GuestEvent>
