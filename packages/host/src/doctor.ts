import { statfsSync, type StatsFs } from 'node:fs'
import { dirname } from 'node:path'
import { type Probe, probing } from './probe.ts'
import { probeKernel } from './probe-kernel.ts'
import { probePrograms } from './probe-programs.ts'

/** Everything that `rkt doctor` tells about this machine. Looks only: what it tries leaves nothing behind. About 0.1 s. */
export function probeMachine(options: { dataDirectory?: string } = {}): Probe[] {
  const kernel = probeKernel()
  // Programs are run by the native part; without it there is nothing more to learn.
  const usable = kernel.some((one) => one.name === 'native part' && one.ok)
  return [...kernel, ...(usable ? probePrograms() : []), probeDisk(options.dataDirectory ?? '/var/lib/rkt')]
}

const enoughBytes = 1 << 30

function probeDisk(directory: string): Probe {
  return probing('free disk', 'optional', 'free some space (rkt gc, rkt image rm), or use another --dir', () => {
    const { bavail, bsize, ffree } = statfsOfExisting(directory)
    const words = `${(bavail * bsize / 2 ** 30).toFixed(1)} GiB for ${directory}`
    if (bavail * bsize < enoughBytes) throw new Error(`${words}, less than 1 GiB`)
    if (ffree > 0 && ffree < 50_000) throw new Error(`${words}, but only ${ffree} inodes`)
    return words
  })
}

/** The data directory may not be made yet: then where it would be. */
function statfsOfExisting(path: string): StatsFs {
  try {
    return statfsSync(path)
  } catch (error) {
    if (path === '/') throw error
    return statfsOfExisting(dirname(path))
  }
}
