import { execFileSync } from 'node:child_process'
import { inTurn, time } from './measure.ts'
import type { Row } from './row.ts'

/**
 * From a registry on loopback into a store that has nothing of it; written back between the turns, so that nobody pays for the other. Each turn
 * has directories of its own, removed when all is measured: ext4 makes files slowly for a while after many were removed.
 */
export const fetchRow: Row = {
  id: 'fetch', what: 'fetch and unpack 400 MB, 3 layers, 12 000 files', peer: 'podman pull', unit: 'ms', most: { ratio: 0.5 },
  measure: async (world) => {
    const reference = await world.bigReference()
    const used: string[] = []
    const fresh = (name: string): string => {
      const directory = `${name}-${process.pid}-${used.length}`
      used.push(directory)
      execFileSync('sync')
      return directory
    }
    try {
      return await inTurn(Math.max(3, Math.ceil(world.turns / 3)), () =>
        time(world.rkt(fresh('fetch'), '--insecure-options=image,http', 'fetch', `docker://${reference}`)), () =>
        time(world.podmanIn(fresh('podman-fetch'), 'pull', '--quiet', '--tls-verify=false', `docker://${reference}`)))
    } finally {
      for (const directory of used) world.removeData(directory)
    }
  },
}
