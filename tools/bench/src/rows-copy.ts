import { execFileSync } from 'node:child_process'
import { mkdirSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { inTurn, time, type Command } from './measure.ts'
import type { Row } from './row.ts'

/**
 * From a registry on loopback into one file; written back between the turns, so that nobody pays for the other. Ours is on the disk when it
 * ends, and has asked for signatures as well.
 */
export const copyRow: Row = {
  id: 'copy', what: 'copy 400 MB from a registry into an archive', peer: 'skopeo copy', unit: 'ms', most: { ratio: 1 },
  measure: async (world) => {
    const reference = await world.bigReference()
    const directory = join(world.work, `copy-${process.pid}`)
    mkdirSync(directory)
    const archive = join(directory, 'image.tar')
    const fresh = (command: Command): number => {
      rmSync(archive, { force: true })
      execFileSync('sync')
      const taken = time(command)
      if (statSync(archive).size < 1e8) throw new Error(`${archive} is too small to be the image`)
      return taken
    }
    const skopeo = { file: 'skopeo', args: ['copy', '--quiet', '--src-tls-verify=false', `docker://${reference}`, `oci-archive:${archive}:bench`] }
    const ours = world.rkt('copy', '--insecure-options=http', 'image', 'copy', `docker://${reference}`, `oci-archive:${archive}:bench`)
    try {
      return await inTurn(Math.max(3, Math.ceil(world.turns / 3)), () => fresh(ours), () => fresh(skopeo))
    } finally {
      rmSync(directory, { recursive: true, force: true })
      world.removeData('copy')
    }
  },
}
