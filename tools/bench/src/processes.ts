import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

export interface Process {
  pid: number
  parent: number
  command: string
}

/** Every process that has not ended; zombies are left out. */
export function listProcesses(): Process[] {
  return readdirSync('/proc').filter((name) => /^\d+$/.test(name)).map(Number).flatMap((pid) => {
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
      const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim()
      return fields[0] === 'Z' ? [] : [{ pid, parent: Number(fields[1]), command }]
    } catch {
      return []
    }
  })
}

/** The processes below these, themselves included. */
export function descendants(roots: readonly number[], all: readonly Process[] = listProcesses()): Process[] {
  const found = new Set(roots)
  for (let before = -1; before !== found.size;) {
    before = found.size
    for (const { pid, parent } of all) if (found.has(parent)) found.add(pid)
  }
  return all.filter(({ pid }) => found.has(pid))
}

/** Waits until no process has `text` in its command line: podman cleans up after its containers in the background. */
export async function waitUntilGone(text: string, timeoutMs = 20_000): Promise<void> {
  await waitFor(() => !listProcesses().some((one) => one.pid !== process.pid && one.command.includes(text)), timeoutMs)
}

export async function waitFor(condition: () => boolean | Promise<boolean>, timeoutMs: number): Promise<void> {
  const deadline = performance.now() + timeoutMs
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`it did not happen within ${timeoutMs} ms`)
    await sleep(20)
  }
}

/** Proportional set size in kB: memory that several processes share is divided among them. */
export function pssKb(pid: number): number {
  return kilobytes(`/proc/${pid}/smaps_rollup`, /^Pss:\s+(\d+) kB/m)
}

/** The largest resident set so far, in kB. */
export function peakMemoryKb(pid: number): number {
  return kilobytes(`/proc/${pid}/status`, /^VmHWM:\s+(\d+) kB/m)
}

/** 0 for a process that has ended. */
function kilobytes(file: string, line: RegExp): number {
  try {
    return Number(line.exec(readFileSync(file, 'latin1'))?.[1] ?? 0)
  } catch {
    return 0
  }
}
