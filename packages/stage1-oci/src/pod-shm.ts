import { mkdirSync } from 'node:fs'
import { mountFileSystem } from '@rocket/host'

/** The apps of a pod share an IPC namespace, so they share /dev/shm: one tmpfs, bound into each. Relative to the pod. */
export const podShm: string = 'shm'

export function mountPodShm(podDirectory: string): void {
  const target = `${podDirectory}/${podShm}`
  mkdirSync(target, { recursive: true })
  mountFileSystem('tmpfs', target, { source: 'shm', noSuid: true, noDev: true, data: 'mode=1777' })
}
