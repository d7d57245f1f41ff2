import { spawn, type ChildProcess } from 'node:child_process'
import { inTurn, timeTogether, type Command } from './measure.ts'
import { descendants, listProcesses, pssKb, waitFor } from './processes.ts'
import type { Row } from './row.ts'
import type { World } from './world.ts'

const count = 50
/** Told from every other sleep on the machine. */
const seconds = '86397'

export const memoryRow: Row = {
  id: 'memory', what: `memory per idle pod of ${count}, ours without the app`, peer: 'none', unit: 'MB', most: { value: 11 },
  measure: async (world) => {
    const image = world.fetchSmall('run')
    const command = world.rkt('run', 'run', '--net=none', image, '--exec=/bin/sleep', '--', seconds)
    const running = Array.from({ length: count }, () => start(command))
    try {
      await waitFor(() => apps().length >= count, 120_000)
      // Idle: what a start leaves behind is given back a few seconds later.
      await new Promise((done) => setTimeout(done, 10_000))
      const ours = descendants(running.map((process) => process.pid as number)).filter(({ command: line }) => !isApp(line))
      return { ours: [ours.reduce((sum, { pid }) => sum + pssKb(pid), 0) / 1024 / count], peer: [] }
    } finally {
      await endAll(world, running)
    }
  },
}

/** Until all have run their app and ended, each with success. */
export const startRow: Row = {
  id: 'fifty', what: `${count} pods started at once`, peer: `${count} × podman run --network=none`, unit: 'ms', most: { ratio: 0.35 },
  measure: async (world) => {
    const image = world.fetchSmall('run')
    const name = world.pullSmall()
    const pair = await inTurn(3, async () => {
      await world.settle()
      return timeTogether(fifty(world.rkt('run', 'run', '--net=none', image)))
    }, async () => {
      const taken = timeTogether(fifty(world.podmanRun('--network=none', name, '/bin/true')))
      await world.forgetContainers()
      return taken
    })
    world.collect('run')
    return pair
  },
}

function fifty(command: Command): Command[] {
  return Array.from({ length: count }, () => command)
}

async function endAll(world: World, running: readonly ChildProcess[]): Promise<void> {
  for (const process of running) process.kill('SIGTERM')
  for (const { pid, command } of listProcesses()) if (isApp(command)) end(pid)
  await Promise.all(running.map(ended))
  world.collect('run')
}

/** One that has ended since it was listed is what was wanted. */
function end(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

function apps(): number[] {
  return listProcesses().filter(({ command }) => isApp(command)).map(({ pid }) => pid)
}

function isApp(command: string): boolean {
  return command === `/bin/sleep ${seconds}`
}

function start({ file, args }: Command): ChildProcess {
  return spawn(file, args, { stdio: 'ignore' })
}

function ended(process: ChildProcess): Promise<number | null> {
  if (process.exitCode !== null || process.signalCode !== null) return Promise.resolve(process.exitCode)
  return new Promise((done) => process.once('exit', (code) => done(code)))
}
