import { existsSync } from 'node:fs'
import { native } from '@rocket/host'
import type { DriveResult } from './spec.ts'
import { readTerminals } from './terminal.ts'

/** Whoever has been reaped: what runs beside the pod may end before anybody waits for it. */
export const gone: Set<number> = new Set()

/** One loop that reaps everybody: a wait on the pod's first process alone would never return. */
export function waitFor(alive: Map<number, string>, result: DriveResult, timeoutMs: number): void {
  const deadline = performance.now() + timeoutMs
  while (alive.size > 0) {
    readTerminals()
    const ended = native().waitAny()
    const name = ended === undefined ? undefined : alive.get(ended.pid)
    if (ended !== undefined && name !== undefined) {
      alive.delete(ended.pid)
      result.apps[name] = ended.signal === undefined ? { exitCode: ended.exitCode } : { signal: ended.signal }
    }
    if (ended !== undefined) {
      gone.add(ended.pid)
      continue
    }
    if (performance.now() > deadline) return
    native().poll([], [], 2)
  }
}

/** Kills the first process and reaps everybody who goes with it, it last. */
export function endHolder(holder: number): void {
  if (!existsSync(`/proc/${holder}`)) return
  native().kill(holder, 9)
  for (let tries = 0; tries < 1000; tries++) {
    const ended = native().waitAny()
    if (ended?.pid === holder) return
    if (ended === undefined) native().poll([], [], 2)
  }
}
