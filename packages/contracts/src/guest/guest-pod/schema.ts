import * as z from 'zod'
import { Uuid } from '../../common/schema.ts'
import { GuestApp } from '../common.ts'

const address = z.string().max(64).regex(/^[0-9a-fA-F.:]+$/)
const cidr = z.string().max(68).regex(/^[0-9a-fA-F.:]+\/[0-9]{1,3}$/)

/** `name` is what the interface with this address is called in the guest, whatever it was before. */
export const GuestInterface = z.strictObject({
  name: z.string().regex(/^[A-Za-z0-9_.-]{1,15}$/),
  mac: z.string().regex(/^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/),
  mtu: z.int().min(68).max(65536).optional(),
  addresses: z.array(cidr),
  routes: z.array(z.strictObject({ to: cidr, via: address.optional() })),
})

/** What a guest is to run. Apps are started in the order of the list; none is a sandbox that waits for apps to be added. */
export const GuestPod = z.strictObject({
  version: z.literal(1),
  uuid: Uuid,
  hostname: z.string().min(1).max(253),
  exitPolicy: z.enum(['apps', 'sandbox']),
  apps: z.array(GuestApp),
  network: z.strictObject({ interfaces: z.array(GuestInterface) }).meta({ description: 'the loopback interface is always up' }),
}).meta({ title: 'GuestPod', file: 'guest.json', writer: 'stage1-vm', readers: ['the agent of the guest'] })
export type GuestPod = z.infer<typeof GuestPod>
