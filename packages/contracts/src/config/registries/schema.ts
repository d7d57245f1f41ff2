import * as z from 'zod'

const host = String.raw`([A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9a-fA-F:]+\])(:[0-9]{1,5})?`
const component = String.raw`[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*`
const path = `${component}(/${component})*`

const RegistryHost = z.string().max(300).regex(new RegExp(`^${host}$`), 'is not HOST[:PORT]')
const Place = z.string().max(500).regex(new RegExp(`^${host}(/${path})?$`), 'is not HOST[:PORT][/PATH]')
const Repository = z.string().max(500).regex(new RegExp(`^${host}/${path}$`), 'is not HOST[:PORT]/NAME')
const ShortName = z.string().max(255).regex(new RegExp(`^${path}$`), 'is not a name without a host')

/**
 * `registries.d`, new: what `docker://` references mean and how their registries are spoken to. Prefixes end where a part of the name ends,
 * and the longest one counts. A later configuration directory replaces entries of an earlier one by their key; one key twice within a
 * directory is refused.
 */
export const RegistriesConfig = z.strictObject({
  rktVersion: z.literal('v1'),
  rktKind: z.literal('registries'),
  registries: z.array(z.strictObject({
    registry: RegistryHost,
    http: z.boolean().optional().meta({ description: 'plain http may be used when https does not answer; credentials are not sent over it' }),
    tokenServers: z.array(z.string().regex(/^https:\/\/[^/?#@\s]+\/?$/, 'is not https://HOST[:PORT]')).optional()
      .meta({ description: 'origins, besides the registry itself, that may be sent its credentials' }),
  })).optional(),
  aliases: z.record(ShortName, Repository).optional().meta({ description: 'by a name without a host, the repository that is meant' }),
  defaultRegistries: z.array(z.strictObject({
    prefix: z.union([z.literal(''), ShortName]).meta({ description: 'of names without a host; empty for all of them' }),
    registry: Place.meta({ description: 'the whole name is looked for below it' }),
  })).optional(),
  mirrors: z.array(z.strictObject({
    prefix: Place.meta({ description: 'of a name with its registry; `docker.io` is the default registry' }),
    mirrors: z.array(z.strictObject({
      location: Place.meta({ description: 'what stands for the prefix there' }),
      tags: z.boolean().optional().meta({ description: 'believed about tags too; without it only for content that a digest names' }),
    })).min(1).meta({ description: 'in the order in which they are asked, all of them before the registry itself' }),
  })).optional(),
  deadlineSeconds: z.int().min(1).max(7 * 24 * 3600).optional().meta({ description: 'for all that one command fetches; 6 hours unless said' }),
})
export type RegistriesConfig = z.infer<typeof RegistriesConfig>
