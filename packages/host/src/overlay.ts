import { closeSync, openSync } from 'node:fs'
import { bindMount } from './bind-mount.ts'
import { linux } from './linux.ts'
import { type MountTarget, targetPath } from './mount.ts'
import { native } from './native.ts'

export interface OverlayMount {
  /** Bottom first, as an image lists its layers; absolute, or relative to `base`. */
  trees: readonly string[]
  /** The directory that relative trees (and upper and work) are relative to: the option string must fit 4 KiB, short names make 120 layers fit. */
  base?: string | undefined
  /** Both or neither; both on one file system, `work` empty. Without them the mount is read-only. */
  upper?: string | undefined
  work?: string | undefined
  target: MountTarget
  readOnly?: boolean | undefined
  /** More of overlayfs's own options, such as `volatile` or `index=off`. */
  options?: readonly string[] | undefined
}

/** One tree without an upper is a read-only bind mount: overlayfs wants two. Errors of the kernel are thrown as they are. */
export function mountOverlay(overlay: OverlayMount): void {
  const { trees, base, target } = overlay
  if (trees.length === 0) throw new Error('an overlay needs a tree')
  if (overlay.upper === undefined && trees.length === 1) {
    const [tree = ''] = trees
    return bindMount(base === undefined || tree.startsWith('/') ? tree : `${base}/${tree}`, target, { readOnly: true })
  }
  const options = overlayOptions(overlay)
  const cwd = base === undefined ? undefined : openSync(base, linux.O_PATH | linux.O_DIRECTORY | linux.O_CLOEXEC)
  try {
    if (Buffer.byteLength(options) < optionBytes) mountByOptions(overlay, options, cwd)
    else mountLayerByLayer(overlay, cwd)
  } finally {
    if (cwd !== undefined) closeSync(cwd)
  }
}

/** The option string: the topmost tree comes first in `lowerdir`. */
export function overlayOptions(overlay: Omit<OverlayMount, 'target'>): string {
  const lower = overlay.trees.map((tree) => escapeOption(tree)).reverse().join(':')
  const upper = overlay.upper === undefined ? [] : [`upperdir=${escapeOption(overlay.upper)}`, `workdir=${escapeOption(overlay.work ?? '')}`]
  return [`lowerdir=${lower}`, ...upper, ...(overlay.options ?? [])].join(',')
}

/** The smallest page of any machine: mount(2) takes one page of options. */
const optionBytes = 4096

function mountByOptions(overlay: OverlayMount, options: string, cwd: number | undefined): void {
  const flags = overlay.readOnly === true ? linux.MS_RDONLY : 0
  native().mount('overlay', targetPath(overlay.target), 'overlay', flags, options, cwd)
}

/** Since Linux 6.7 layers can be told one by one, without a limit on their sum; there, a name is taken as it is. */
function mountLayerByLayer(overlay: OverlayMount, cwd: number | undefined): void {
  const sys = native()
  const absolute = (path: string): string => (path.startsWith('/') || cwd === undefined ? path : `/proc/self/fd/${cwd}/${path}`)
  const context = sys.fsopen('overlay')
  try {
    const set = (key: string, value: string): void => sys.fsconfig(context, linux.FSCONFIG_SET_STRING, key, value)
    for (const tree of overlay.trees.toReversed()) set('lowerdir+', absolute(tree))
    if (overlay.upper !== undefined) {
      set('upperdir', absolute(overlay.upper))
      set('workdir', absolute(overlay.work ?? ''))
    }
    for (const option of overlay.options ?? []) {
      const [key = '', value] = option.split('=', 2)
      if (value === undefined) sys.fsconfig(context, linux.FSCONFIG_SET_FLAG, key, null)
      else set(key, value)
    }
    sys.fsconfig(context, linux.FSCONFIG_CMD_CREATE, null, null)
    const mount = sys.fsmount(context, overlay.readOnly === true ? linux.MOUNT_ATTR_RDONLY : 0)
    try {
      sys.moveMount(mount, '', linux.AT_FDCWD, targetPath(overlay.target), linux.MOVE_MOUNT_F_EMPTY_PATH)
    } finally {
      closeSync(mount)
    }
  } finally {
    closeSync(context)
  }
}

/** Overlayfs separates layers by colons and options by commas; both may stand in a name behind a backslash. */
function escapeOption(path: string): string {
  return path.replace(/[\\:,]/g, '\\$&')
}
