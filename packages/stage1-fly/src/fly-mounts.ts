import { statSync } from 'node:fs'
import { isErrno, RocketError, type App, type EtcFile, type Mount } from '@rocket/contracts'

/** One mount of an app, in the order in which it is made. `target` is resolved inside the root, links and all. */
export interface FlyMount {
  what: 'bind' | 'tmpfs'
  /** Absolute. */
  source: string
  target: string
  recursive: boolean
  readOnly: boolean
  isDirectory: boolean
}

/**
 * The host's /dev, /proc and /sys with all that is mounted below them, a /tmp of its own, volumes, files below /etc. A volume is recursive
 * only when told so (rkt's fly; other flavors default to recursive). Throws VOLUME_SOURCE_MISSING.
 */
export function planMounts(app: App, etc: readonly EtcFile[], podDirectory: string): FlyMount[] {
  const host = ['/dev', '/proc', '/sys'].map((path) => directory({ what: 'bind', source: path, target: path, recursive: true }))
  return [
    ...host,
    directory({ what: 'tmpfs', source: 'tmpfs', target: '/tmp', recursive: false }),
    ...app.mounts.map((mount) => volume(mount, app, podDirectory)),
    ...etc.map((file) => ({
      what: 'bind' as const, source: inPod(
        file.source, podDirectory
      ), target: file.target, recursive: false, readOnly: file.readOnly, isDirectory: false,
    })),
  ]
}

function directory(mount: Pick<FlyMount, 'what' | 'source' | 'target' | 'recursive'>): FlyMount {
  return { ...mount, readOnly: false, isDirectory: true }
}

function volume(mount: Mount, app: App, podDirectory: string): FlyMount {
  const source = inPod(mount.source, podDirectory)
  return {
    what: 'bind', source, target: mount.target, recursive: mount.recursive ?? false, readOnly: mount.readOnly,
    isDirectory: mount.kind === 'empty' || isDirectory(source, mount, app),
  }
}

function isDirectory(source: string, mount: Mount, app: App): boolean {
  try {
    return statSync(source).isDirectory()
  } catch (error) {
    if (!isErrno(error, 'ENOENT', 'ENOTDIR', 'ELOOP', 'EACCES')) throw error
    throw new RocketError('VOLUME_SOURCE_MISSING', {
      what: `volume ${mount.volume} of app ${app.app} cannot be mounted`, why: `${source}: ${error.message}`,
      hint: 'make it, or name another source', cause: error,
    })
  }
}

function inPod(source: string, podDirectory: string): string {
  return source.startsWith('pod:') ? `${podDirectory}/${source.slice('pod:'.length)}` : source
}
