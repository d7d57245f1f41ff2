import { closeSync, readlinkSync } from 'node:fs'
import { isErrno } from '@rocket/contracts'
import { linux } from './linux.ts'
import { type MountFlags, type MountTarget, targetPath } from './mount.ts'
import { mountsBelow, readMounts } from './mount-table.ts'
import { native } from './native.ts'

export interface BindOptions extends MountFlags {
  /** Mounts below the source come along. */
  recursive?: boolean
}

/**
 * Binds `source` (a path or a descriptor) onto `target`. The attributes hold for all of the tree when it is recursive, and are set before the
 * mount can be seen; kernels before 5.12 set them afterwards, mount by mount.
 */
export function bindMount(source: MountTarget, target: MountTarget, options: BindOptions = {}): void {
  try {
    bindDetached(source, target, options)
  } catch (error) {
    if (!isErrno(error, 'ENOSYS')) throw error
    bindThenRemount(targetPath(source), typeof target === 'number' ? readlinkSync(targetPath(target)) : target, options)
  }
}

function bindDetached(source: MountTarget, target: MountTarget, options: BindOptions): void {
  const sys = native()
  const [fromFd, fromPath] = place(source)
  const recursive = options.recursive === true ? linux.AT_RECURSIVE : 0
  const tree = sys.openTree(fromFd, fromPath, linux.OPEN_TREE_CLONE | recursive | (fromPath === '' ? linux.AT_EMPTY_PATH : 0))
  try {
    const attributes = mountAttributes(options)
    if (attributes !== 0) sys.mountSetattr(tree, '', linux.AT_EMPTY_PATH | recursive, attributes, 0, 0)
    const [toFd, toPath] = place(target)
    sys.moveMount(tree, '', toFd, toPath, linux.MOVE_MOUNT_F_EMPTY_PATH | (toPath === '' ? linux.MOVE_MOUNT_T_EMPTY_PATH : 0))
  } finally {
    closeSync(tree)
  }
}

/** For kernels without mount_setattr. A remount sets all attributes, so those that a mount has must be said again. */
export function bindThenRemount(source: string, target: string, options: BindOptions): void {
  const sys = native()
  sys.mount(source, target, null, linux.MS_BIND | (options.recursive === true ? linux.MS_REC : 0), null)
  const wanted = mountAttributes(options)
  if (wanted === 0) return
  const points = options.recursive === true ? mountsBelow(target) : [target]
  const table = readMounts()
  for (const point of points) {
    const had = table.findLast((mount) => mount.mountPoint === point)?.options ?? []
    const kept = had.reduce((flags, option) => flags | (attributeOfOption[option] ?? 0), 0)
    sys.mount(null, point, null, linux.MS_BIND | linux.MS_REMOUNT | kept | wanted, null)
  }
}

const attributeOfOption: Readonly<Record<string, number>> = {
  ro: linux.MS_RDONLY, nosuid: linux.MS_NOSUID, nodev: linux.MS_NODEV, noexec: linux.MS_NOEXEC, noatime: linux.MS_NOATIME,
  nodiratime: linux.MS_NODIRATIME, relatime: linux.MS_RELATIME,
}

function place(target: MountTarget): [fd: number, path: string] {
  return typeof target === 'number' ? [target, ''] : [linux.AT_FDCWD, target]
}

/** The four have the same numbers as MOUNT_ATTR_* and as MS_*. */
function mountAttributes(options: MountFlags): number {
  return (
    (options.readOnly === true ? linux.MOUNT_ATTR_RDONLY : 0) |
    (options.noSuid === true ? linux.MOUNT_ATTR_NOSUID : 0) |
    (options.noDev === true ? linux.MOUNT_ATTR_NODEV : 0) |
    (options.noExec === true ? linux.MOUNT_ATTR_NOEXEC : 0)
  )
}
