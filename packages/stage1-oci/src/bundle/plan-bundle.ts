import { outsideNames, podLayout, type App, type EtcFile, type Pod, type Sandbox, type Start } from '@rocket/contracts'
import type { Machine } from '../machine.ts'
import { planSeccomp } from '../seccomp/plan-seccomp.ts'
import type { VolumeSource } from '../volume-sources.ts'
import { planMounts } from './plan-mounts.ts'
import { planNamespaces } from './plan-namespaces.ts'
import { maskedPaths, readOnlyPaths } from './hidden-paths.ts'
import { planProcess } from './plan-process.ts'
import { planResources } from './plan-resources.ts'
import type { RuntimeConfig } from './runtime-config.ts'

export interface BundleInput {
  uuid: string
  /** Absolute. */
  podDirectory: string
  pod: Pod
  app: App
  start: Start
  sandbox: Sandbox
  machine: Machine
  /** `crun`, `runc`, … */
  runtime: string
  /** One for each of the app's mounts, in their order. */
  sources: readonly VolumeSource[]
  etc: readonly EtcFile[]
}

/**
 * The OCI configuration of one app: the documents translated, nothing decided. Pure. Of the runtime we rely on: mount targets are
 * resolved and created inside the root and mounted by descriptor; sources of masks are its own; its program cannot be overwritten from
 * inside; descriptors above 2 do not reach the app; CPU shares become a weight on cgroup v2.
 */
export function planBundle(input: BundleInput): RuntimeConfig {
  const { app, start, machine } = input
  const seccomp = start.insecure.seccomp ? undefined : planSeccomp(app.isolators.seccomp, machine.architecture, input.runtime)
  return {
    ociVersion: '1.0.2',
    process: planProcess(app, start, machine),
    root: { path: `${input.podDirectory}/${podLayout.rootfs(app.app)}`, readonly: app.rootfs.readOnly },
    mounts: planMounts(input),
    annotations: {},
    linux: {
      namespaces: planNamespaces(input.sandbox),
      cgroupsPath: `/${outsideNames.cgroup(input.uuid, app.app)}`,
      resources: planResources(app, start, machine, input.sources),
      rootfsPropagation: 'rslave',
      maskedPaths: start.insecure.paths ? [] : [...maskedPaths],
      readonlyPaths: start.insecure.paths ? [] : [...readOnlyPaths],
      ...(seccomp === undefined ? {} : { seccomp }),
    },
  }
}
