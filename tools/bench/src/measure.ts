import { spawnSync } from 'node:child_process'
import { openSync, readFileSync, closeSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findProgram, native, signalName, spawn, type Ended } from '@rocket/host'

export interface Command {
  file: string
  args: readonly string[]
}

/** Milliseconds from the start of a program to its end. Throws with its last words when it fails. */
export function time(command: Command): number {
  return timeTogether([command])
}

/**
 * Milliseconds until several programs, started at once, have all ended. Through host's spawn: Node's own copies the page tables of this process
 * for each child, which costs a program of 30 ms a quarter more, whoever's it is.
 */
export function timeTogether(commands: readonly Command[]): number {
  const words = join(tmpdir(), `rocket-bench-${process.pid}`)
  const nothing = openSync('/dev/null', 'r+')
  const errors = openSync(words, 'w+')
  try {
    const paths = commands.map(({ file }) => findProgram(file) ?? file)
    const before = performance.now()
    const pids = commands.map(({ file, args }, index) => spawn(paths[index] ?? file, [file, ...args], process.env, { fds: [nothing, nothing, errors] }))
    const ends = pids.map((pid) => native().waitPid(pid, true) as Ended)
    const taken = performance.now() - before
    const failed = ends.findIndex(({ exitCode }) => exitCode !== 0)
    if (failed !== -1) throw new Error(failure(commands[failed] as Command, ends[failed] as Ended, readFileSync(words, 'utf8')))
    return taken
  } finally {
    closeSync(nothing)
    closeSync(errors)
    rmSync(words)
  }
}

function failure({ file, args }: Command, { exitCode, signal }: Ended, words: string): string {
  const end = signal === undefined ? `exit code ${exitCode}` : signalName(signal)
  return `${[file, ...args].join(' ')}: ${end}: ${words.trim().slice(-1000)}`
}

/** The same with what it printed. */
export function output({ file, args }: Command): string {
  const ended = spawnSync(file, args, { stdio: ['ignore', 'pipe', 'pipe'], encoding: 'utf8', maxBuffer: 64 << 20, timeout: 600_000 })
  if (ended.status === 0) return ended.stdout
  const end = ended.error?.message ?? ended.signal ?? `exit code ${ended.status}`
  throw new Error(`${[file, ...args].join(' ')}: ${end}: ${(ended.stderr ?? '').trim().slice(-1000)}`)
}

/**
 * Ours and the peer in turn, A B A B …, so that a machine that becomes slower does so for both. The first turn of each warms up and is
 * not counted.
 */
export async function inTurn(turns: number, ours: Measure, peer: Measure): Promise<Pair> {
  const pair: Pair = { ours: [], peer: [] }
  for (let turn = 0; turn <= turns; turn++) {
    const a = await ours()
    const b = await peer()
    if (turn === 0) continue
    pair.ours.push(a)
    pair.peer.push(b)
  }
  return pair
}

export type Measure = () => number | Promise<number>

export interface Pair {
  ours: number[]
  peer: number[]
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? (sorted[middle] ?? NaN) : ((sorted[middle - 1] ?? NaN) + (sorted[middle] ?? NaN)) / 2
}
