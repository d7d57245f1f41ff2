import { execFileSync } from 'node:child_process'
import { inTurn, time } from './measure.ts'
import type { Row } from './row.ts'

/** From a registry on loopback into a store that has nothing of it; written back between the turns, so that nobody pays for the other. */
export const fetchRow: Row = {
  id: 'fetch', what: 'fetch and unpack 400 MB, 3 layers, 12 000 files', peer: 'podman pull', unit: 'ms', most: { ratio: 0.5 },
  measure: async (world) => {
    const reference = await world.bigReference()
    return inTurn(Math.max(3, Math.ceil(world.turns / 3)), () => {
      world.removeData('fetch')
      execFileSync('sync')
      return time(world.rkt('fetch', '--insecure-options=image,http', 'fetch', `docker://${reference}`))
    }, () => {
      world.removeData('fetch')
      time(world.podman('rmi', '--all', '--force'))
      execFileSync('sync')
      return time(world.podman('pull', '--quiet', '--tls-verify=false', `docker://${reference}`))
    })
  },
}
