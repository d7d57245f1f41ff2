import { statSync, type Stats } from 'node:fs'
import { isErrno, RocketError, type App, type Mount } from '@rocket/contracts'

export interface VolumeSource {
  /** Absolute. */
  path: string
  device?: { type: 'b' | 'c'; major: number; minor: number }
}

/**
 * Where the volumes of an app come from, one for each mount. Links are followed, as rkt does: the source is the operator's word.
 * Throws VOLUME_SOURCE_MISSING or VOLUME_SOURCE_INVALID.
 */
export function findVolumeSources(app: App, podDirectory: string): VolumeSource[] {
  return app.mounts.map((mount) => (mount.kind === 'empty'
    ? { path: `${podDirectory}/${mount.source.slice('pod:'.length)}` }
    : findHostSource(mount, app)))
}

function findHostSource(mount: Mount, app: App): VolumeSource {
  const what = `volume ${mount.volume} of app ${app.app} cannot be mounted`
  let stats: Stats
  try {
    stats = statSync(mount.source)
  } catch (error) {
    if (!isErrno(error, 'ENOENT', 'ENOTDIR', 'ELOOP', 'EACCES')) throw error
    throw new RocketError(
      'VOLUME_SOURCE_MISSING', { what, why: `${mount.source}: ${error.message}`, hint: 'make it, or name another source', cause: error }
    )
  }
  const isDevice = stats.isBlockDevice() || stats.isCharacterDevice()
  if (isDevice !== mount.device) {
    throw new RocketError('VOLUME_SOURCE_INVALID', {
      what, why: `${mount.source} is ${isDevice ? 'a' : 'no'} device node, which was otherwise when the pod was prepared`,
      hint: 'prepare the pod again',
    })
  }
  if (!isDevice) return { path: mount.source }
  const { major, minor } = deviceNumbers(stats.rdev)
  return { path: mount.source, device: { type: stats.isBlockDevice() ? 'b' : 'c', major, minor } }
}

/** makedev(3) backwards: twelve bits of major below the middle, the minor split around them. */
export function deviceNumbers(rdev: number): { major: number; minor: number } {
  const bits = BigInt(rdev)
  return {
    major: Number(((bits >> 8n) & 0xfffn) | ((bits >> 32n) & 0xfffff000n)),
    minor: Number((bits & 0xffn) | ((bits >> 12n) & 0xffffff00n)),
  }
}
