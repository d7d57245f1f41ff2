import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { inTurn, output, time } from './measure.ts'
import type { Row } from './row.ts'
import type { World } from './world.ts'

const data = 'hundred'
const count = 100

/** What people type all day, with 100 pods that have ended and 100 images, beside a Node that does nothing. */
export const lookRows: readonly Row[] = [
  lookRow('version', 'version', () => ['version']),
  lookRow('list', `list, ${count} pods`, () => ['list']),
  lookRow('status', `status, ${count} pods`, (world) => ['status', anyPod(world)]),
  lookRow('image-list', `image list, ${count} images`, () => ['image', 'list']),
]

function lookRow(id: string, what: string, args: (world: World) => string[]): Row {
  return {
    id, what, peer: 'node -e 0', unit: 'ms', most: { ratio: 1.6 },
    measure: async (world) => {
      makeHundred(world)
      const ours = world.rkt(data, ...args(world))
      return inTurn(world.turns, () => time(ours), () => time({ file: world.node, args: ['-e', '0'] }))
    },
  }
}

function makeHundred(world: World): void {
  const done = join(world.work, data, 'made')
  if (existsSync(done)) return
  world.removeData(data)
  process.stderr.write(`making ${count} images and ${count} pods\n`)
  for (let index = 0; index < count; index++) {
    const image = world.fetchSmall(data, String(index))
    time(world.rkt(data, 'run', '--net=none', image))
  }
  writeFileSync(done, '')
}

function anyPod(world: World): string {
  const uuid = output(world.rkt(data, 'list', '--full', '--no-legend')).trim().split(/\s+/)[0]
  if (uuid === undefined || uuid === '') throw new Error('there are no pods to ask the status of')
  return uuid
}
