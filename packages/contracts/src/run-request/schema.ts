import * as z from 'zod'
import { AbsolutePath, Time, Uuid } from '../common/schema.ts'

export const HostsEntry = z.strictObject({ ip: z.string().min(1), names: z.array(z.string().min(1)).min(1) })
export const NetworkRequest = z.strictObject({ name: z.string().min(1), args: z.string().optional().meta({ description: 'CNI_ARGS, verbatim' }) })

export const DnsRequest = z.strictObject({
  mode: z.enum(['default', 'host', 'none', 'given']).meta({ description: 'default: what a network returns, else what the image holds' }),
  nameservers: z.array(z.string()), search: z.array(z.string()), options: z.array(z.string()), domain: z.string().optional(),
})
export type DnsRequest = z.infer<typeof DnsRequest>

/** What may still be said when a prepared pod is run. An empty `networks` means that nobody said. */
export const RunRequest = z.strictObject({
  version: z.literal(1),
  uuid: Uuid,
  requestedAt: Time,
  networks: z.array(NetworkRequest),
  hostname: z.string().max(253).optional(),
  dns: DnsRequest,
  hosts: z.strictObject({ mode: z.enum(['default', 'host', 'given']), entries: z.array(HostsEntry) }),
  ipc: z.enum(['private', 'parent']).optional(),
  interactive: z.boolean(),
  insecure: z.strictObject({ capabilities: z.boolean(), paths: z.boolean(), seccomp: z.boolean() }),
  localConfig: AbsolutePath,
  ociRuntime: z.string().optional().meta({ description: 'a name or path, for flavors on an OCI runtime' }),
}).meta({ title: 'RunRequest', file: 'run-request.json', writer: 'cli', readers: ['stage0 start'] })
export type RunRequest = z.infer<typeof RunRequest>
