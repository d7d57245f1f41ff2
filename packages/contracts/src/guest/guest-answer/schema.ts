import * as z from 'zod'

/** One line from the guest for each request. `error.code` is one of docs/errors.md. `id` 0 answers a line that was no request. */
export const GuestAnswer = z.discriminatedUnion('ok', [
  z.strictObject({ id: z.int().min(0), ok: z.literal(true) }),
  z.strictObject({
    id: z.int().min(0), ok: z.literal(false),
    error: z.strictObject({ code: z.string().max(64).regex(/^[A-Z][A-Z_]*$/), what: z.string().max(4096), why: z.string().max(4096).optional() }),
  }),
]).meta({ title: 'GuestAnswer', file: 'a line on port rocket.control', writer: 'the agent of the guest', readers: ['stage1-vm'] })
export type GuestAnswer = z.infer<typeof GuestAnswer>
