import { linux, type NativeStat } from '@rocket/host'

/** overlayfs's mark of a directory that hides what the layers below have in it. */
export const opaqueAttribute = 'trusted.overlay.opaque'

/** overlayfs's mark of a deleted name. Spec: kernel documentation, filesystems/overlayfs, "whiteouts and opaque directories". */
export function isWhiteoutDevice(stat: NativeStat): boolean {
  return (stat.mode & linux.S_IFMT) === linux.S_IFCHR && stat.major === 0 && stat.minor === 0
}
