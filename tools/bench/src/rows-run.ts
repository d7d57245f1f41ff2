import { inTurn, time, type Command } from './measure.ts'
import type { Row } from './row.ts'
import { makeRuncBundle } from './runc-bundle.ts'
import type { World } from './world.ts'

/** One app that ends at once, everything warm. Neither side removes what has ended; that is done between the turns. */
export const runRows: readonly Row[] = [
  {
    id: 'run-none', what: 'run one app, no network', peer: 'podman run --network=none', unit: 'ms', most: { ratio: 0.35 },
    measure: (world) => besidePodman(world, ['--net=none'], ['--network=none']),
  },
  {
    id: 'run-none-runc', what: 'run one app, no network', peer: 'runc run, same bundle', unit: 'ms', most: { ratio: 1.3 },
    measure: async (world) => {
      const image = world.fetchSmall('run')
      time(world.rkt('run', 'run', '--net=none', image))
      const bundle = makeRuncBundle(world)
      world.collect('run')
      let serial = 0
      const runc = (): Command => ({ file: 'runc', args: ['run', '--bundle', bundle, `rocket-bench-${process.pid}-${serial++}`] })
      const pair = await inTurn(world.turns, () => time(world.rkt('run', 'run', '--net=none', image)), () => time(runc()))
      world.collect('run')
      return pair
    },
  },
  {
    id: 'run-default', what: 'run one app, default network', peer: 'podman run', unit: 'ms', most: { ratio: 0.35 },
    measure: (world) => besidePodman(world, [], []),
  },
  {
    id: 'run-port', what: 'run one app, a port published', peer: 'podman run --publish', unit: 'ms', most: { ratio: 0.5 },
    measure: (world) => besidePodman(world, ['--port=80-tcp:18080'], ['--publish=18081:80']),
  },
]

async function besidePodman(world: World, ours: readonly string[], peer: readonly string[]): ReturnType<Row['measure']> {
  const image = world.fetchSmall('run')
  const name = world.pullSmall()
  const pair = await inTurn(world.turns, async () => {
    await world.settle()
    return time(world.rkt('run', 'run', ...ours, image))
  }, () => time(world.podmanRun(...peer, name, '/bin/true')))
  await world.forgetContainers()
  world.collect('run')
  return pair
}
