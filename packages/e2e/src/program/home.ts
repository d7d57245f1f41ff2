import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { podPlaces } from '@rocket/contracts'
import { directoryAt, runRkt, startRkt, type Ended, type RktOptions, type Running } from './rkt.ts'

/** A user of Rocket: a data directory and a working directory of their own. */
export interface Home {
  readonly directory: string
  readonly data: string
  /** UUIDs of all pods that were met in the data directory, those that are gone included. */
  readonly met: Set<string>
  rkt(args: readonly string[], options?: RktOptions): Promise<Ended>
  start(args: readonly string[], options?: RktOptions): Running
  /** Path of a file of the user's. */
  file(name: string): string
  /** Ends what a failed story left running. */
  killAll(): Promise<void>
  remove(): void
}

export function makeHome(): Home {
  // Under a path that is not in the repository: the program must find its parts from anywhere.
  const directory = mkdtempSync(join(tmpdir(), 'rocket-e2e-'))
  const data = join(directory, 'data')
  const cwd = directoryAt(directory, 'work')
  const met = new Set<string>()
  const alive = new Set<Running>()
  const home: Home = {
    directory, data, met,
    async rkt(args, options = {}) {
      try {
        return await runRkt([`--dir=${data}`, ...args], { cwd, ...options })
      } finally {
        meet(home)
      }
    },
    start(args, options = {}) {
      const running = startRkt([`--dir=${data}`, ...args], { cwd, ...options })
      alive.add(running)
      const forget = (): boolean => alive.delete(running)
      running.ended.then(forget, forget)
      return running
    },
    async killAll() {
      for (const running of [...alive]) {
        process.kill(running.pid, 'SIGKILL')
        await running.ended.catch(() => {})
      }
    },
    file: (name) => join(cwd, name),
    remove: () => rmSync(directory, { recursive: true, force: true }),
  }
  return home
}

/** Remembers the pods that lie in the data directory now. */
export function meet(home: Home): string[] {
  const now = podPlaces.flatMap((place) => names(join(home.data, 'pods', place)))
  for (const uuid of now) home.met.add(uuid)
  return now
}

export function names(directory: string): string[] {
  try {
    return readdirSync(directory)
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR')) return []
    throw error
  }
}

export function textOf(path: string): string {
  return readFileSync(path, 'utf8')
}

/** Polls until `look` returns something; the error says what was waited for. */
export async function until<T>(
  what: string, look: () => T | undefined | false | Promise<T | undefined | false>, limitMs = 15_000,
): Promise<T> {
  const end = Date.now() + limitMs
  for (;;) {
    const found = await look()
    if (found !== undefined && found !== false) return found
    if (Date.now() > end) throw new Error(`waited ${limitMs} ms in vain: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

/** Starts a pod that stays, waits until it is ready, and returns its UUID. */
export async function startPod(home: Home, args: readonly string[]): Promise<{ uuid: string; running: Running }> {
  const file = home.file(`uuid-${serial++}`)
  const running = home.start(['run', `--uuid-file-save=${file}`, ...args])
  const uuid = await until('a UUID file', () => /^[0-9a-f-]{36}$/.exec(textIfThere(file))?.[0]).catch(async (error: unknown) => {
    throw new Error(`the pod did not start:\n${running.said().stderr}`, { cause: error })
  })
  home.met.add(uuid)
  const { exitCode, stderr } = await home.rkt(['status', '--wait-ready=15s', uuid])
  if (exitCode !== 0) throw new Error(`the pod was never ready:\n${stderr}${running.said().stderr}`)
  return { uuid, running }
}

let serial = 0

function textIfThere(path: string): string {
  try {
    return textOf(path)
  } catch {
    return ''
  }
}
