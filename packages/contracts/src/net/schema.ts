import * as z from 'zod'
import { AbsolutePath, Uuid } from '../common/schema.ts'
import { PublishedPort } from '../pod/schema.ts'

/** One attachment to one network, with what is needed to undo it. `config` is the CNI configuration, `portMappings` included. */
export const Attachment = z.strictObject({
  network: z.string().min(1),
  ifName: z.string().min(1).max(15),
  addresses: z.array(z.string()).meta({ description: 'CIDR notation' }),
  gateway: z.string().optional(),
  mac: z.string().optional(),
  hostInterface: z.string().optional(),
  plugins: z.array(z.string()).meta({ description: 'the plugin types that ran, in order' }),
  config: z.unknown(),
  args: z.string().optional(),
  result: z.unknown().meta({ description: "the last plugin's result, as it printed it" }),
})
export type Attachment = z.infer<typeof Attachment>

/** The network of the pod as it came up. `netns` is there while the pod lives; nothing that outlives it needs it to be undone. */
export const Net = z.strictObject({
  version: z.literal(1),
  uuid: Uuid,
  mode: z.enum(['none', 'host', 'contained']),
  netns: AbsolutePath.optional(),
  cniPath: z.array(AbsolutePath),
  attachments: z.array(Attachment),
  dns: z.strictObject({
    nameservers: z.array(z.string()), search: z.array(z.string()), options: z.array(z.string()), domain: z.string().optional(), from: z.string(),
  }).optional().meta({ description: 'of the first network that returned any' }),
  ports: z.array(PublishedPort),
  masquerade: z.array(z.strictObject({ table: z.string(), comment: z.string() })).optional()
    .meta({ description: 'rules of our own on the host, by the names under which they are found again' }),
}).meta({ title: 'Net', file: 'net.json', writer: 'network up', readers: ['network down', 'stage1', 'cli'] })
export type Net = z.infer<typeof Net>
