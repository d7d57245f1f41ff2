/** The part of the OCI runtime configuration (runtime-spec, config.md and config-linux.md) that we write. */
export interface RuntimeConfig {
  ociVersion: string
  process: {
    terminal: boolean
    user: { uid: number; gid: number; additionalGids: number[] }
    args: string[]
    env: string[]
    cwd: string
    capabilities: Record<'bounding' | 'effective' | 'permitted' | 'inheritable' | 'ambient', string[]>
    noNewPrivileges: boolean
    oomScoreAdj?: number
  }
  root: { path: string; readonly: boolean }
  mounts: RuntimeMount[]
  annotations: Record<string, string>
  linux: {
    namespaces: { type: string; path?: string }[]
    cgroupsPath: string
    resources: RuntimeResources
    rootfsPropagation: string
    maskedPaths: string[]
    readonlyPaths: string[]
    seccomp?: RuntimeSeccomp
  }
}

export interface RuntimeMount {
  destination: string
  type: string
  source: string
  options: string[]
}

export interface RuntimeResources {
  devices: { allow: boolean; type?: 'b' | 'c'; major?: number; minor?: number; access: string }[]
  memory?: { limit: number; swap?: number }
  cpu?: { quota?: number; period?: number; shares?: number }
}

export interface RuntimeSeccomp {
  defaultAction: string
  defaultErrnoRet?: number
  architectures: string[]
  syscalls: { names: string[]; action: string; errnoRet?: number }[]
}
