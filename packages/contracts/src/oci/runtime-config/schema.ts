import * as z from 'zod'

const id = z.int().min(0).max(4294967295)
const environment = z.array(z.string().regex(/^[^=]+=/s))
const capabilities = z.array(z.string().regex(/^CAP_[A-Z_0-9]+$/))
const idMapping = z.object({ containerID: id, hostID: id, size: id })
const hook = z.object({
  path: z.string().startsWith('/'),
  args: z.array(z.string()).optional(),
  env: environment.optional(),
  timeout: z.int().min(1).optional(),
})

export const OciMount = z.object({
  destination: z.string(),
  source: z.string().optional(),
  type: z.string().optional(),
  options: z.array(z.string()).optional(),
})
export type OciMount = z.infer<typeof OciMount>

export const OciProcess = z.object({
  terminal: z.boolean().optional(),
  consoleSize: z.object({ height: z.int().min(0), width: z.int().min(0) }).optional(),
  cwd: z.string().startsWith('/'),
  env: environment.optional(),
  args: z.array(z.string()).min(1),
  user: z.object({ uid: id, gid: id, umask: z.int().min(0).optional(), additionalGids: z.array(id).optional() }),
  capabilities: z
    .object({
      bounding: capabilities.optional(),
      effective: capabilities.optional(),
      inheritable: capabilities.optional(),
      permitted: capabilities.optional(),
      ambient: capabilities.optional(),
    })
    .optional(),
  rlimits: z.array(z.object({ type: z.string().regex(/^RLIMIT_[A-Z]+$/), soft: z.number().min(0), hard: z.number().min(0) })).optional(),
  noNewPrivileges: z.boolean().optional(),
  oomScoreAdj: z.int().min(-1000).max(1000).optional(),
  apparmorProfile: z.string().optional(),
  selinuxLabel: z.string().optional(),
})
export type OciProcess = z.infer<typeof OciProcess>

export const OciDevice = z.object({
  type: z.enum(['c', 'b', 'u', 'p']),
  path: z.string().startsWith('/'),
  major: z.int().optional(),
  minor: z.int().optional(),
  fileMode: z.int().min(0).max(0o7777).optional(),
  uid: id.optional(),
  gid: id.optional(),
})

export const OciResources = z.object({
  devices: z
    .array(
      z.object({
        allow: z.boolean(),
        type: z.enum(['a', 'c', 'b']).optional(),
        major: z.int().optional(),
        minor: z.int().optional(),
        access: z
          .string()
          .regex(/^[rwm]{1,3}$/)
          .optional(),
      }),
    )
    .optional(),
  memory: z
    .object({
      limit: z.int().optional(),
      reservation: z.int().optional(),
      swap: z.int().optional(),
      disableOOMKiller: z.boolean().optional(),
    })
    .optional(),
  cpu: z
    .object({
      shares: z.int().min(0).optional(),
      quota: z.int().optional(),
      period: z.int().min(0).optional(),
      cpus: z.string().optional(),
      mems: z.string().optional(),
    })
    .optional(),
  pids: z.object({ limit: z.int() }).optional(),
  unified: z.record(z.string(), z.string()).optional(),
})

export const OciSeccomp = z.object({
  defaultAction: z.string().regex(/^SCMP_ACT_[A-Z_]+$/),
  defaultErrnoRet: z.int().min(0).optional(),
  architectures: z.array(z.string().regex(/^SCMP_ARCH_[A-Z0-9_]+$/)).optional(),
  flags: z.array(z.string()).optional(),
  syscalls: z
    .array(
      z.object({
        names: z.array(z.string()).min(1),
        action: z.string().regex(/^SCMP_ACT_[A-Z_]+$/),
        errnoRet: z.int().min(0).optional(),
        args: z
          .array(
            z.object({
              index: z.int().min(0).max(5),
              value: z.number().min(0),
              valueTwo: z.number().min(0).optional(),
              op: z.string().regex(/^SCMP_CMP_[A-Z_]+$/),
            }),
          )
          .optional(),
      }),
    )
    .optional(),
})

/**
 * The configuration of an OCI runtime bundle, for Linux: the part this program writes, and what others commonly do. Keys it does not know
 * are kept. Spec: OCI runtime-spec, config.md and config-linux.md.
 */
export const OciRuntimeConfig = z
  .looseObject({
    ociVersion: z.string().regex(/^\d+\.\d+\.\d+/),
    process: OciProcess.optional(),
    root: z.object({ path: z.string().min(1), readonly: z.boolean().optional() }).optional(),
    hostname: z.string().optional(),
    domainname: z.string().optional(),
    mounts: z.array(OciMount).optional(),
    hooks: z
      .partialRecord(z.enum(['prestart', 'createRuntime', 'createContainer', 'startContainer', 'poststart', 'poststop']), z.array(hook))
      .optional(),
    annotations: z.record(z.string(), z.string()).optional(),
    linux: z
      .looseObject({
        namespaces: z
          .array(
            z.object({
              type: z.enum(['pid', 'network', 'mount', 'ipc', 'uts', 'user', 'cgroup', 'time']),
              path: z.string().startsWith('/').optional(),
            }),
          )
          .optional(),
        uidMappings: z.array(idMapping).optional(),
        gidMappings: z.array(idMapping).optional(),
        devices: z.array(OciDevice).optional(),
        cgroupsPath: z.string().optional(),
        resources: OciResources.optional(),
        rootfsPropagation: z.enum(['', 'slave', 'private', 'shared', 'unbindable', 'rslave', 'rprivate', 'rshared']).optional(),
        seccomp: OciSeccomp.optional(),
        sysctl: z.record(z.string(), z.string()).optional(),
        maskedPaths: z.array(z.string()).optional(),
        readonlyPaths: z.array(z.string()).optional(),
        mountLabel: z.string().optional(),
      })
      .optional(),
  })
  .meta({ title: 'OciRuntimeConfig' })
export type OciRuntimeConfig = z.infer<typeof OciRuntimeConfig>
