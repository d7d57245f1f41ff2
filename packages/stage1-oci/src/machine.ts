import { existsSync, readFileSync } from 'node:fs'
import { boundingSet, detectCgroups, type Cgroups } from '@rocket/host'

/** What plans depend on besides the documents. */
export interface Machine {
  architecture: 'x64' | 'arm64'
  /** Our bounding set. */
  capabilities: readonly string[]
  cgroups: 'v1' | 'hybrid' | 'v2' | 'none'
  /** Where the v2 hierarchy is mounted. */
  unified: string | undefined
  memoryLimit: boolean
  swapLimit: boolean
  cpuLimit: boolean
  /** The lowest oom_score_adj that we can give. */
  leastOomScoreAdj: number
}

let known: Machine | undefined

/** Looked up once in a process: the first time, all hierarchies can still be seen. */
export function machine(): Machine {
  return (known ??= readMachine(detectCgroups()))
}

function readMachine(cgroups: Cgroups): Machine {
  const capabilities = boundingSet()
  const has = (controller: string): boolean => controller in cgroups.controllers || cgroups.unifiedControllers.includes(controller)
  const memoryV1 = cgroups.controllers['memory']
  return {
    architecture: process.arch === 'arm64' ? 'arm64' : 'x64',
    capabilities,
    cgroups: cgroups.version,
    unified: cgroups.unified,
    memoryLimit: has('memory'),
    swapLimit: memoryV1 === undefined ? existsSync('/proc/swaps') : existsSync(`${memoryV1}/memory.memsw.limit_in_bytes`),
    cpuLimit: has('cpu'),
    leastOomScoreAdj: capabilities.includes('CAP_SYS_RESOURCE') ? -1000 : Number(readFileSync('/proc/self/oom_score_adj', 'latin1')),
  }
}
