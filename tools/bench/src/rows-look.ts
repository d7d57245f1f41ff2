import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { inTurn, output, time, type Command } from './measure.ts'
import type { Row } from './row.ts'
import type { World } from './world.ts'

const data = 'hundred'
const count = 100
const thousands = 'thousands'
const many = 2000

/** What people type all day, with 100 pods that have ended and 100 images, beside a Node that does nothing. */
export const lookRows: readonly Row[] = [
  lookRow('version', 'version', () => ['version']),
  lookRow('list', `list, ${count} pods`, () => ['list']),
  lookRow('status', `status, ${count} pods`, (world) => ['status', anyPod(world)]),
  lookRow('image-list', `image list, ${count} images`, () => ['image', 'list']),
  {
    id: 'image-list-many', what: `image list, ${many} images`, peer: 'node -e 0', unit: 'ms', most: { ratio: 2 },
    measure: async (world) => {
      const ours = world.rkt(thousands, 'image', 'list')
      await makeMany(world, ours)
      return inTurn(world.turns, () => time(ours), () => time({ file: world.node, args: ['-e', '0'] }))
    },
  },
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

/** Names are all that the list reads: the entries of one real image, under other names and IDs. Settled, as those of a store in use are. */
async function makeMany(world: World, list: Command): Promise<void> {
  const names = join(world.work, thousands, 'cas/refs/names')
  if (!existsSync(names)) {
    world.fetchSmall(thousands)
    const file = readdirSync(names).find((name) => name.startsWith('i-'))
    if (file === undefined) throw new Error('the image has no name')
    const text = readFileSync(join(names, file), 'utf8')
    for (let index = 1; index < many; index++) {
      const digits = String(index).padStart(64, '0')
      const entry = text.replaceAll(/sha512-[0-9a-f]{64}/g, `sha512-${digits}`).replace(/"name": "[^"]+",\n {2}"labels"/, `"name": "example.com/app-${index}",\n  "labels"`)
      writeFileSync(join(names, `i-${digits.slice(0, 16)}-${digits}.json`), entry)
    }
    await setTimeout(3000)
  }
  output(list)
}

function anyPod(world: World): string {
  const uuid = output(world.rkt(data, 'list', '--full', '--no-legend')).trim().split(/\s+/)[0]
  if (uuid === undefined || uuid === '') throw new Error('there are no pods to ask the status of')
  return uuid
}
