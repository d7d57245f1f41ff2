import { chmodSync, chownSync, mkdirSync, renameSync, rmSync, existsSync } from 'node:fs'
import type { Mount, Pod } from '@rocket/contracts'
import { syscallError } from '../errors.ts'

/**
 * Makes the directories of an app's empty volumes, 0755 and root's unless the volume says otherwise. One that is there is kept: apps share
 * them.
 */
export function makeEmptyVolumes(mounts: readonly Mount[], pod: Pod, podDirectory: string): void {
  for (const mount of mounts) {
    if (mount.kind !== 'empty') continue
    const volume = pod.volumes.find((one) => one.name === mount.volume)
    const { mode = '755', uid = 0, gid = 0 } = volume?.kind === 'empty' ? volume : {}
    makeVolume(`${podDirectory}/${mount.source.slice('pod:'.length)}`, Number.parseInt(mode, 8), uid, gid)
  }
}

/** Beside, then renamed: a volume that is there has its owner and mode. */
function makeVolume(path: string, mode: number, uid: number, gid: number): void {
  if (existsSync(path)) return
  try {
    const beside = `${path}.new`
    rmSync(beside, { recursive: true, force: true })
    mkdirSync(beside, { recursive: true })
    chownSync(beside, uid, gid)
    chmodSync(beside, mode)
    renameSync(beside, path)
  } catch (error) {
    throw syscallError(error, `cannot make the volume ${path}`)
  }
}
