import type { App, Start } from '@rocket/contracts'
import type { Machine } from '../machine.ts'
import type { VolumeSource } from '../volume-sources.ts'
import type { RuntimeResources } from './runtime-config.ts'

/**
 * Devices are closed but for the runtime's own few and those that are volumes. A limit without its controller is left out; a note says so.
 */
export function planResources(app: App, start: Start, machine: Machine, sources: readonly VolumeSource[]): RuntimeResources {
  const memory = machine.memoryLimit ? planMemory(app, machine) : undefined
  const cpu = machine.cpuLimit ? planCpu(app) : undefined
  return {
    devices: start.insecure.paths ? [{ allow: true, access: 'rwm' }] : [{ allow: false, access: 'rwm' }, ...planDevices(app, sources)],
    ...(memory === undefined ? {} : { memory }),
    ...(cpu === undefined ? {} : { cpu }),
  }
}

function planDevices(app: App, sources: readonly VolumeSource[]): RuntimeResources['devices'] {
  return app.mounts.flatMap((mount, index) => {
    const device = sources[index]?.device
    if (!mount.device || device === undefined) return []
    return [{ allow: true, type: device.type, major: device.major, minor: device.minor, access: mount.readOnly ? 'r' : 'rw' }]
  })
}

/** Swap counts as memory, so that the limit is one. */
function planMemory(app: App, machine: Machine): RuntimeResources['memory'] {
  const limit = app.isolators.memoryBytes
  if (limit === undefined) return undefined
  return { limit, ...(machine.swapLimit ? { swap: limit } : {}) }
}

/** The kernel takes no quota below 1 ms: small shares of a processor are measured over a longer period. */
function planCpu(app: App): RuntimeResources['cpu'] {
  const { cpuMillis, cpuShares } = app.isolators
  const period = cpuMillis !== undefined && cpuMillis < 10 ? 1_000_000 : 100_000
  if (cpuMillis === undefined && cpuShares === undefined) return undefined
  return {
    ...(cpuMillis === undefined ? {} : { quota: (cpuMillis * period) / 1000, period }),
    ...(cpuShares === undefined ? {} : { shares: cpuShares }),
  }
}
