import { lockFd, type Sandbox } from '@rocket/contracts'
import { drainEnded, environmentList, isAlive, native, signalNumber, type Ended } from '@rocket/host'
import { adoptOrphans, reapUntil } from './children.ts'
import { environmentOfStage, startable } from './run-program.ts'
import type { Road } from './run-verb.ts'

export interface ForeignSupervisor {
  argv: readonly string[]
  /** Asks it to end; absent: TERM. */
  stop?: readonly string[] | undefined
  /** Run in order, in the pod's mount namespace, when it has ended. */
  cleanup: readonly (readonly string[])[]
}

const forwarded = ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGUSR1', 'SIGUSR2'] as const
const sigterm = 15
const sigkill = 9

/**
 * Runs a program in place of stage2: cwd = pod, our standard streams, the lock as descriptor 9. It gets our signals and dies with us;
 * what it leaves behind becomes our child and is reaped. When it has ended the pod's first process is ended, and with it whatever is left
 * of the pod; when that one ends first, the supervisor is asked to end. Returns how the program ended.
 */
export async function superviseForeign(road: Road, supervisor: ForeignSupervisor, holder: Sandbox['holder']): Promise<Ended> {
  adoptOrphans()
  const main = start(road, supervisor.argv)
  const stop = (): void => {
    if (supervisor.stop !== undefined) start(road, supervisor.stop)
    else native().kill(main, sigterm)
  }
  const end = await new Promise<Ended>((resolve) => {
    const alive = setInterval(() => {}, 2 ** 31 - 1)
    const reap = (): void => {
      const ended = drainEnded()
      const last = ended.find(({ pid }) => pid === main)
      if (last !== undefined) finish(last)
      else if (ended.some(({ pid }) => pid === holder.pid)) stop()
    }
    const pass = (name: NodeJS.Signals): void => {
      if (name === 'SIGTERM' || name === 'SIGINT') stop()
      else native().kill(main, signalNumber(name) ?? sigterm)
    }
    const finish = (ended: Ended): void => {
      clearInterval(alive)
      process.off('SIGCHLD', reap)
      for (const name of forwarded) process.off(name, pass)
      resolve(ended)
    }
    process.on('SIGCHLD', reap)
    for (const name of forwarded) process.on(name, pass)
    reap()
  })
  if (isAlive(holder.pid, holder.startTime)) native().kill(holder.pid, sigkill)
  reapUntil(() => !isAlive(holder.pid, holder.startTime))
  for (const argv of supervisor.cleanup) native().waitPid(start(road, argv), true)
  return end
}

function start(road: Road, argv: readonly string[]): number {
  const file = argv[0]
  if (file === undefined) throw new Error('an empty vector')
  const fds = [0, 1, 2, ...Array.from({ length: lockFd - 3 }, () => -1), road.lockFd]
  return startable(file, () => native().spawn(file, argv, environmentList(environmentOfStage(road)), {
    cwd: road.podDirectory, fds, parentDeathSignal: sigkill,
  }))
}
