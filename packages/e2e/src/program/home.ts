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
  remove(): void
}

export function makeHome(): Home {
  // Under a path that is not in the repository: the program must find its parts from anywhere.
  const directory = mkdtempSync(join(tmpdir(), 'rocket-e2e-'))
  const data = join(directory, 'data')
  const cwd = directoryAt(directory, 'work')
  const met = new Set<string>()
  const home: Home = {
    directory, data, met,
    async rkt(args, options = {}) {
      try {
        return await runRkt([`--dir=${data}`, ...args], { cwd, ...options })
      } finally {
        meet(home)
      }
    },
    start: (args, options = {}) => startRkt([`--dir=${data}`, ...args], { cwd, ...options }),
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
export async function until<T>(what: string, look: () => T | undefined | false | Promise<T | undefined | false>, limitMs = 15_000): Promise<T> {
  const end = Date.now() + limitMs
  for (;;) {
    const found = await look()
    if (found !== undefined && found !== false) return found
    if (Date.now() > end) throw new Error(`waited ${limitMs} ms in vain: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
