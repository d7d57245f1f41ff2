import { parseArgs } from 'node:util'
import { runStorm } from './run-storm.ts'

/** `node packages/e2e/src/storm/storm.ts --kills=N [--seed=S]`: as root, on a machine that can run pods. */
const { values } = parseArgs({
  options: { kills: { type: 'string', default: '1000' }, seed: { type: 'string', default: String(Date.now() % 1_000_000) } },
})
const kills = Number(values.kills)
const seed = Number(values.seed)
if (!Number.isInteger(kills) || kills < 1 || !Number.isInteger(seed)) {
  console.error('usage: storm.ts --kills=N [--seed=S]')
  process.exit(254)
}
console.log(`${kills} kills, seed ${seed}`)
const begun = performance.now()
const { interrupted } = await runStorm(kills, seed, (line) => console.log(line))
const total = Object.values(interrupted).reduce((sum, count) => sum + count, 0)
const seconds = Math.round((performance.now() - begun) / 1000)
const each = Object.entries(interrupted).map(([name, count]) => `${name} ${count}`).join(', ')
console.log(`${total} of ${kills} were killed at work, in ${seconds} s: ${each}`)
console.log('after each batch gc left nothing, the images were whole, and the next run worked')
