import { existsSync, readFileSync } from 'node:fs'
import { isErrno } from '@rocket/contracts'
import { native } from './native.ts'
import type { Ended } from './native-interface.ts'

export interface ProcessStat {
  pid: number
  name: string
  /** R, S, D, T, Z, X … */
  state: string
  parent: number
  processGroup: number
  session: number
  /** Clock ticks since boot. With the pid and the boot ID it names a process for good: pids are used again. */
  startTime: number
}

/** Undefined when there is no such process. */
export function processStat(pid: number): ProcessStat | undefined {
  const path = `/proc/${pid}/stat`
  // Asked first: an exception costs milliseconds, and this is asked of processes that are gone.
  if (!existsSync(path)) return undefined
  let text: string
  try {
    text = readFileSync(path, 'latin1')
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ESRCH')) return undefined
    throw error
  }
  return parseProcessStat(text)
}

/** The name may hold spaces and parentheses, so the fields are counted from its last closing one (proc(5)). */
export function parseProcessStat(text: string): ProcessStat {
  const open = text.indexOf('(')
  const close = text.lastIndexOf(')')
  const fields = text.slice(close + 2).split(' ')
  return {
    pid: Number.parseInt(text, 10),
    name: text.slice(open + 1, close),
    state: fields[0] ?? '?',
    parent: Number(fields[1]),
    processGroup: Number(fields[2]),
    session: Number(fields[3]),
    startTime: Number(fields[19]),
  }
}

export function startTime(pid: number): number | undefined {
  return processStat(pid)?.startTime
}

/** Alive and the same process that `expectedStart` was read from. One that has ended and waits to be reaped is not alive. */
export function isAlive(pid: number, expectedStart?: number): boolean {
  const stat = processStat(pid)
  if (stat === undefined || stat.state === 'Z' || stat.state === 'X') return false
  return expectedStart === undefined || stat.startTime === expectedStart
}

/** Direct children of a process, of all its threads. Empty when it is gone. */
export function childrenOf(pid: number): number[] {
  try {
    const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1')
    return text.split(' ').filter((word) => word !== '').map(Number)
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ESRCH')) return []
    throw error
  }
}

/** Everybody who has ended since the last call, in the order the kernel tells. For a SIGCHLD listener. */
export function drainEnded(): Ended[] {
  const all: Ended[] = []
  for (let ended = native().waitAny(); ended !== undefined; ended = native().waitAny()) all.push(ended)
  return all
}

/** `SIGTERM` for 15; a real-time signal is `SIG40`. */
export function signalName(signal: number): string {
  return `SIG${signalNames[signal - 1] ?? signal}`
}

/** 15 for `SIGTERM`, `TERM` or `15`; undefined for what is no signal. */
export function signalNumber(name: string): number | undefined {
  if (/^\d{1,2}$/.test(name)) return Number(name) >= 1 && Number(name) <= 64 ? Number(name) : undefined
  const upper = name.toUpperCase()
  const full = upper.startsWith('SIG') ? upper : `SIG${upper}`
  const known = signalNames.indexOf(full.slice('SIG'.length))
  if (known >= 0) return known + 1
  const realTime = /^SIG(\d{2})$/.exec(full)?.[1]
  return realTime !== undefined && Number(realTime) >= 32 && Number(realTime) <= 64 ? Number(realTime) : undefined
}

/** From 1, as Linux has them on x86-64 and arm64. Node's own table costs the loading of `node:os`. */
const signalNames: readonly string[] = (
  'HUP INT QUIT ILL TRAP ABRT BUS FPE KILL USR1 SEGV USR2 PIPE ALRM TERM STKFLT CHLD CONT STOP TSTP TTIN TTOU URG XCPU XFSZ VTALRM PROF WINCH IO PWR SYS'
).split(' ')
