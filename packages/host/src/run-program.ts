import { RocketError } from '@rocket/contracts'
import { linux } from './linux.ts'
import { native } from './native.ts'
import { signalName } from './process.ts'
import { type ProgramResult, Running, type RunProgramOptions } from './running-program.ts'

/** A program between `startProgram` and `finishPrograms`. Do not wait for children otherwise in between: its end would be lost. */
export interface RunningProgram {
  readonly pid: number
}

/**
 * Runs a program to its end and returns how it ended, whatever that was. `file` is a name or a path: PROGRAM_MISSING when there is none. The
 * program leads a process group of its own and dies with us. It ends when its first process does: a daemon it leaves behind is not waited for.
 */
export function runProgram(file: string, args: readonly string[], options: RunProgramOptions = {}): ProgramResult {
  const [result] = finishPrograms([startProgram(file, args, options)])
  return result as ProgramResult
}

/** The same, but throws PROGRAM_FAILED with the program's last words unless it exits with 0. Returns what it wrote to standard output. */
export function runProgramOrFail(file: string, args: readonly string[], options: RunProgramOptions = {}): Buffer {
  const result = runProgram(file, args, options)
  if (result.exitCode === 0) return result.stdout
  throw programFailed(result)
}

/** For callers that run several at once: start them all, then `finishPrograms`. */
export function startProgram(file: string, args: readonly string[], options: RunProgramOptions = {}): RunningProgram {
  return new Running(file, args, options)
}

/** Waits until all have ended; the results are in the order of the programs. */
export function finishPrograms(programs: readonly RunningProgram[]): ProgramResult[] {
  const running = programs as readonly Running[]
  while (running.some((program) => program.ended === undefined)) turn(running.filter((program) => program.ended === undefined))
  return running.map((program) => program.result())
}

export function programFailed(result: ProgramResult): RocketError {
  const words = result.stderr.toString('utf8').trim() || result.stdout.toString('utf8').trim()
  const last = words.split('\n').slice(-3).join('; ').slice(-2000)
  const end = result.timedOut ? 'it did not end in its time'
    : result.signal === undefined ? `exit code ${result.exitCode}` : `killed by ${signalName(result.signal)}`
  return new RocketError('PROGRAM_FAILED', {
    what: `${[result.file, ...result.args].join(' ').slice(0, 500)} failed`,
    why: last === '' ? end : `${end}: ${last}`,
  })
}

/** Waits for whatever happens next to one of the programs, and does what it asks for. */
function turn(running: readonly Running[]): void {
  const waits: { fd: number; events: number; then: () => void }[] = []
  for (const program of running) {
    if (program.inputFd >= 0) waits.push({ fd: program.inputFd, events: linux.POLLOUT, then: () => program.feed() })
    for (const stream of [program.out, program.err]) {
      if (stream.fd >= 0) waits.push({ fd: stream.fd, events: linux.POLLIN, then: () => stream.drain() })
    }
    waits.push({ fd: program.pidfd, events: linux.POLLIN, then: () => program.end() })
  }
  const now = performance.now()
  const next = Math.min(...running.map((program) => (program.timedOut ? Infinity : program.deadline)))
  const timeout = next === Infinity ? -1 : Math.max(0, Math.ceil(next - now))
  const events = native().poll(waits.map((wait) => wait.fd), waits.map((wait) => wait.events), timeout)
  waits.forEach((wait, index) => {
    if (events[index] !== 0) wait.then()
  })
  for (const program of running) {
    if (program.ended === undefined && !program.timedOut && performance.now() >= program.deadline) program.kill()
  }
}
