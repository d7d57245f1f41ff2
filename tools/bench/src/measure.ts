import { spawnSync } from 'node:child_process'

export interface Command {
  file: string
  args: readonly string[]
}

/** Milliseconds from the start of a program to its end. Throws with its last words when it fails. */
export function time({ file, args }: Command): number {
  const before = performance.now()
  const ended = spawnSync(file, args, { stdio: ['ignore', 'ignore', 'pipe'], encoding: 'utf8', timeout: 600_000 })
  const taken = performance.now() - before
  if (ended.status === 0) return taken
  const end = ended.error?.message ?? ended.signal ?? `exit code ${ended.status}`
  throw new Error(`${[file, ...args].join(' ')}: ${end}: ${(ended.stderr ?? '').trim().slice(-1000)}`)
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
