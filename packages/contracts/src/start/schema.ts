import * as z from 'zod'
import { AbsolutePath, AppName, Time, Uuid } from '../common/schema.ts'
import { Need } from '../pod/schema.ts'
import { DnsRequest, HostsEntry, NetworkRequest } from '../run-request/schema.ts'

/**
 * inherit: the descriptor of `rkt run`. prefix: a line at a time through stage2, as `app[pid]: line` on its standard output or error,
 * and into `logs/<app>.log`. tty: the terminal of the caller.
 */
export const Stream = z.enum(['null', 'inherit', 'prefix', 'tty'])
export const Streams = z.strictObject({ stdin: Stream, stdout: Stream, stderr: Stream })
export type Streams = z.infer<typeof Streams>

export const StartNetwork = z.discriminatedUnion('mode', [
  z.strictObject({ mode: z.literal('none') }),
  z.strictObject({ mode: z.literal('host') }),
  z.strictObject({ mode: z.literal('contained'), networks: z.array(NetworkRequest).min(1) }),
])

/** How the pod starts this time. Where `pod.json` and this document both speak, this one wins. */
export const Start = z.strictObject({
  version: z.literal(1),
  uuid: Uuid,
  startedAt: Time,
  network: StartNetwork,
  hostname: z.string().min(1).max(253),
  dns: DnsRequest,
  hosts: z.strictObject({ mode: z.enum(['default', 'host', 'given']), entries: z.array(HostsEntry) }),
  ipc: z.enum(['private', 'parent']),
  streams: z.record(AppName, Streams),
  insecure: z.strictObject({ capabilities: z.boolean(), paths: z.boolean(), seccomp: z.boolean() }),
  degraded: z.array(Need).meta({ description: 'needs that the flavor lacks and the policy `warn` let pass' }),
  localConfig: AbsolutePath,
  ociRuntime: z.string().optional(),
}).meta({ title: 'Start', file: 'start.json', writer: 'stage0 start', readers: ['network', 'stage1', 'stage2', 'cli'] })
export type Start = z.infer<typeof Start>
