import { linux } from './linux.ts'
import { native } from './native.ts'

export interface MountFlags {
  readOnly?: boolean
  noSuid?: boolean
  noDev?: boolean
  noExec?: boolean
}

/**
 * A target is a path, or a descriptor (opened with O_PATH inside a root, say): a descriptor cannot be swapped for a link between check and
 * mount.
 */
export type MountTarget = string | number

/** From here on the host's mounts come in and ours do not go out. This thread only: use synchronous fs calls. */
export function enterPrivateMountNamespace(): void {
  native().unshare(linux.CLONE_NEWNS)
  native().mount(null, '/', null, linux.MS_REC | linux.MS_SLAVE, null)
}

export type Propagation = 'shared' | 'slave' | 'private' | 'unbindable'

export function setPropagation(target: string, propagation: Propagation, recursive = false): void {
  const flags = { shared: linux.MS_SHARED, slave: linux.MS_SLAVE, private: linux.MS_PRIVATE, unbindable: linux.MS_UNBINDABLE }
  native().mount(null, target, null, flags[propagation] | (recursive ? linux.MS_REC : 0), null)
}

/** A file system of its own, such as tmpfs, proc or sysfs. `data` is its option string. */
export function mountFileSystem(type: string, target: MountTarget, options: MountFlags & { data?: string; source?: string } = {}): void {
  native().mount(options.source ?? type, targetPath(target), type, mountFlags(options), options.data ?? null)
}

/** With `detach` a busy mount goes when its last user does. A link at the end is not followed. */
export function unmount(target: string, options: { detach?: boolean } = {}): void {
  native().umount(target, linux.UMOUNT_NOFOLLOW | (options.detach === true ? linux.MNT_DETACH : 0))
}

export function targetPath(target: MountTarget): string {
  return typeof target === 'number' ? `/proc/self/fd/${target}` : target
}

function mountFlags(options: MountFlags): number {
  return (
    (options.readOnly === true ? linux.MS_RDONLY : 0) |
    (options.noSuid === true ? linux.MS_NOSUID : 0) |
    (options.noDev === true ? linux.MS_NODEV : 0) |
    (options.noExec === true ? linux.MS_NOEXEC : 0)
  )
}
