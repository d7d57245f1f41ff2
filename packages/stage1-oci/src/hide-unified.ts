import { mountFileSystem, unmount } from '@rocket/host'
import type { Machine } from './machine.ts'
import type { KnownRuntime } from './runtime/known-runtimes.ts'

/** crun refuses a hybrid host whose v2 hierarchy has a controller, though it would use the v1 hierarchies alone. */
export function unifiedToHide(runtime: Pick<KnownRuntime, 'name'>, machine: Pick<Machine, 'cgroups' | 'unified'>): string | undefined {
  return runtime.name === 'crun' && machine.cgroups === 'hybrid' ? machine.unified : undefined
}

/**
 * Takes the v2 hierarchy out of this mount namespace. An empty file system is left in its place: crun makes the pod's directory there
 * all the same, which would otherwise stay on the host, below the mount, where nobody looks.
 */
export function hideUnifiedHierarchy(mountPoint: string): void {
  unmount(mountPoint, { detach: true })
  mountFileSystem('tmpfs', mountPoint, { source: 'none', noSuid: true, noDev: true, noExec: true, data: 'mode=755,size=64k' })
}
