import * as z from 'zod'
import { AbsolutePath } from '../common/schema.ts'

const head = { rktVersion: z.literal('v1') }

/** `auth.d`: headers for a domain, sent over https only. */
export const AuthConfig = z.discriminatedUnion('type', [
  z.looseObject({ ...head, rktKind: z.literal('auth'), domains: z.array(z.string()).min(1), type: z.literal('basic'), credentials: z.looseObject({ user: z.string().min(1), password: z.string().min(1) }) }),
  z.looseObject({ ...head, rktKind: z.literal('auth'), domains: z.array(z.string()).min(1), type: z.literal('oauth'), credentials: z.looseObject({ token: z.string().min(1) }) }),
])
export const DockerAuthConfig = z.looseObject({
  ...head, rktKind: z.literal('dockerAuth'), registries: z.array(z.string()).min(1),
  credentials: z.looseObject({ user: z.string().min(1), password: z.string().min(1) }),
})
export const PathsConfig = z.looseObject({ ...head, rktKind: z.literal('paths'), data: AbsolutePath.optional(), 'stage1-images': AbsolutePath.optional() })
/** `stages.d`, new: which programs stand for which stages, flavors by the directory that holds their `flavor.json`, and the OCI runtime. */
export const StagesConfig = z.looseObject({
  ...head, rktKind: z.literal('stages'),
  fetch: AbsolutePath.optional(), stage0: AbsolutePath.optional(), network: AbsolutePath.optional(), stage2: AbsolutePath.optional(),
  flavors: z.array(AbsolutePath).optional(), defaultFlavor: z.string().optional(), ociRuntime: z.string().optional(),
})
