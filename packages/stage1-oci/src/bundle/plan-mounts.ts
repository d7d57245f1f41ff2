import type { EtcFile, Mount } from '@rocket/contracts'
import { podShm } from '../pod-shm.ts'
import type { VolumeSource } from '../volume-sources.ts'
import type { BundleInput } from './plan-bundle.ts'
import type { RuntimeMount } from './runtime-config.ts'

/**
 * In the order in which they are made: the kernel's file systems, volumes, then generated files, which beat a volume at the same place.
 * An app that mounts a volume over /proc, /sys or /dev gets the volume.
 */
export function planMounts(input: BundleInput): RuntimeMount[] {
  const targets = new Set(input.app.mounts.map((mount) => mount.target))
  return [
    ...kernelMounts(input).filter((mount) => !targets.has(mount.destination)),
    ...input.app.mounts.map((mount, index) => volumeMount(mount, input.sources[index])),
    ...input.etc.map((file) => etcMount(file, input.podDirectory)),
  ]
}

function kernelMounts({ podDirectory, start }: BundleInput): RuntimeMount[] {
  const shm = start.ipc === 'parent' ? '/dev/shm' : `${podDirectory}/${podShm}`
  const sysAccess = start.insecure.paths ? 'rw' : 'ro'
  return [
    { destination: '/proc', type: 'proc', source: 'proc', options: ['nosuid', 'noexec', 'nodev'] },
    { destination: '/sys', type: 'sysfs', source: 'sysfs', options: ['nosuid', 'noexec', 'nodev', sysAccess] },
    { destination: '/dev', type: 'tmpfs', source: 'tmpfs', options: ['nosuid', 'noexec', 'strictatime', 'mode=755', 'size=65536k'] },
    {
      destination: '/dev/pts', type: 'devpts', source: 'devpts',
      options: ['nosuid', 'noexec', 'newinstance', 'ptmxmode=0666', 'mode=0620', 'gid=5'],
    },
    { destination: '/dev/mqueue', type: 'mqueue', source: 'mqueue', options: ['nosuid', 'noexec', 'nodev'] },
    { destination: '/dev/shm', type: 'bind', source: shm, options: ['bind', 'nosuid', 'nodev'] },
  ]
}

/** Volumes are recursive unless told otherwise, and what the host mounts below one later appears in the app (rkt's default flavor). */
function volumeMount(mount: Mount, source: VolumeSource | undefined): RuntimeMount {
  if (source === undefined) throw new Error(`no source was looked up for volume ${mount.volume}`)
  const recursive = mount.recursive ?? true
  const access = mount.readOnly ? (recursive && !mount.device ? ['ro', 'rro'] : ['ro']) : ['rw']
  // `rslave` would make crun bind recursively whatever else is said.
  return { destination: mount.target, type: 'bind', source: source.path, options: [...(recursive ? ['rbind', 'rslave'] : ['bind', 'slave']), ...access] }
}

function etcMount(file: EtcFile, podDirectory: string): RuntimeMount {
  const source = file.source.startsWith('pod:') ? `${podDirectory}/${file.source.slice('pod:'.length)}` : file.source
  return { destination: file.target, type: 'bind', source, options: ['bind', file.readOnly ? 'ro' : 'rw'] }
}
