import { execFileSync, spawn } from 'node:child_process'
import { heavyImage } from './images.ts'
import { inTurn, time, type Command } from './measure.ts'
import { peakMemoryKb } from './processes.ts'
import type { Row } from './row.ts'

/**
 * From a registry on loopback into a store that has nothing of it; written back between the turns, so that nobody pays for the other. Each turn
 * has directories of its own, removed when all is measured: ext4 makes files slowly for a while after many were removed.
 */
export const fetchRow: Row = {
  id: 'fetch', what: 'fetch and unpack 400 MB, 3 layers, 12 000 files', peer: 'podman pull', unit: 'ms', most: { ratio: 0.45 },
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

/** The most that was resident at one time, node itself included, which all programs of it share. */
export const fetchMemoryRow: Row = {
  id: 'fetch-memory', what: 'peak memory of fetching a layer of 1 GB', peer: 'none', unit: 'MB', most: { value: 200 },
  measure: async (world) => {
    const reference = await world.serve(heavyImage(world.work), 'heavy')
    const data = `fetch-heavy-${process.pid}`
    try {
      return { ours: [await peakMb(world.rkt(data, '--insecure-options=image,http', 'fetch', `docker://${reference}`))], peer: [] }
    } finally {
      world.removeData(data)
    }
  },
}

async function peakMb({ file, args }: Command): Promise<number> {
  const child = spawn(file, args, { stdio: ['ignore', 'ignore', 'inherit'] })
  let peakKb = 0
  const watching = setInterval(() => { peakKb = Math.max(peakKb, peakMemoryKb(child.pid as number)) }, 10)
  try {
    const code = await new Promise((done, fail) => child.once('error', fail).once('close', done))
    if (code !== 0) throw new Error(`${[file, ...args].join(' ')}: exit code ${String(code)}`)
    return peakKb / 1024
  } finally {
    clearInterval(watching)
  }
}
