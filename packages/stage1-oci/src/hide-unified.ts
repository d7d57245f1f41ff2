import { mountFileSystem } from '@rocket/host'
import type { Machine } from './machine.ts'
import type { KnownRuntime } from './runtime/known-runtimes.ts'

/** crun refuses a hybrid host whose v2 hierarchy has a controller, though it would use the v1 hierarchies alone. */
export function unifiedToHide(runtime: Pick<KnownRuntime, 'name'>, machine: Pick<Machine, 'cgroups' | 'unified'>): string | undefined {
  return runtime.name === 'crun' && machine.cgroups === 'hybrid' ? machine.unified : undefined
}

/**
 * Hides the v2 hierarchy in this mount namespace. An empty file system goes over it, and is what takes the directory that crun makes there
 * all the same: with the hierarchy unmounted instead, that directory would stay on the host, below the mount, where nobody looks.
 * Unmounting also waits for an RCU grace period, which takes milliseconds on a busy machine.
 */
export function hideUnifiedHierarchy(mountPoint: string): void {
  mountFileSystem('tmpfs', mountPoint, { source: 'none', noSuid: true, noDev: true, noExec: true, data: 'mode=755,size=64k' })
}
