import type { GuestEnd, GuestTerminal } from '@rocket/contracts/guest'
import type { Child, Children } from './children.ts'
import { logOf, pidFileOf } from './crun.ts'
import type { ChildStreams, Ended, GuestSystem } from './guest-system.ts'

/** How often we look whether the program behind a terminal runs by now. */
const lookAgainMs = 10
const signalsBase = 128

export interface Launch {
  /** The name under which crun keeps its log and pid file. */
  name: string
  argv: readonly string[]
  streams: ChildStreams
  terminal: GuestTerminal | undefined
  /** The program is in the guest's hands: its streams are its own now. */
  started(pid: number, launcher: number): void
  handedOver(): void
}

/** Runs what crun launches, an app or a program entered into one, to its end, and says how that was. */
export async function runProgram(launch: Launch, system: GuestSystem, children: Children): Promise<GuestEnd> {
  system.remove(pidFileOf(launch.name))
  system.remove(logOf(launch.name))
  return launch.terminal === undefined ? runDetached(launch, system, children) : runOnTerminal(launch, launch.terminal, system, children)
}

async function runDetached(launch: Launch, system: GuestSystem, children: Children): Promise<GuestEnd> {
  const ended = await children.launch(async (adopt) => {
    const launcher = children.run(launch.argv, launch.streams)
    launch.handedOver()
    const how = await launcher.ended
    const pid = readPid(launch.name, system)
    if (!('exitCode' in how) || how.exitCode !== 0 || pid === undefined) return undefined
    const end = adopt(pid)
    launch.started(pid, pid)
    return { end }
  })
  return ended === undefined ? neverRan(launch.name, system) : endOf(await ended.end)
}

/** crun stays between the terminal and the program, and exits as it did, or with 128 and the signal. */
async function runOnTerminal(launch: Launch, terminal: GuestTerminal, system: GuestSystem, children: Children): Promise<GuestEnd> {
  const { stdin } = launch.streams
  if (stdin !== undefined) await setTerminalSize(stdin, terminal.rows, terminal.columns, children)
  const launcher = children.run(launch.argv, launch.streams)
  launch.handedOver()
  let over = false
  let pid: number | undefined
  const look = (): void => {
    if (pid !== undefined) return
    pid = readPid(launch.name, system)
    if (pid !== undefined) launch.started(pid, launcher.pid)
    else if (!over) system.after(lookAgainMs, look)
  }
  look()
  const ended = await launcher.ended
  over = true
  look()
  if (pid === undefined) return neverRan(launch.name, system)
  const signal = 'exitCode' in ended ? ended.exitCode - signalsBase : 0
  return signal > 0 && signal <= 64 ? { how: 'signalled', signal } : endOf(ended)
}

export function setTerminalSize(fd: number, rows: number, columns: number, children: Children): Promise<Ended> {
  return stty({ stdin: fd }, [], rows, columns, children).ended
}

export function resizeTerminal(path: string, rows: number, columns: number, children: Children): Promise<Ended> {
  return stty({}, ['-F', path], rows, columns, children).ended
}

function stty(streams: ChildStreams, words: string[], rows: number, columns: number, children: Children): Child {
  return children.run(['/bin/stty', ...words, 'rows', String(rows), 'columns', String(columns)], streams)
}

function readPid(name: string, system: GuestSystem): number | undefined {
  const pid = Number(system.readText(pidFileOf(name)) ?? '')
  return Number.isSafeInteger(pid) && pid > 0 ? pid : undefined
}

function neverRan(name: string, system: GuestSystem): GuestEnd {
  const said = (system.readText(logOf(name)) ?? '').trim().split('\n').at(-1) ?? ''
  return { how: 'failed', reason: (said === '' ? 'crun did not start it, and did not say why' : said).slice(0, 1000) }
}

export function endOf(ended: Ended): GuestEnd {
  return 'signal' in ended ? { how: 'signalled', signal: ended.signal } : { how: 'exited', exitCode: ended.exitCode }
}
