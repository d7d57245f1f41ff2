import { closeSync, openSync, readSync, writeSync } from 'node:fs'
import { isErrno, RocketError } from '@rocket/contracts'
import { syscallError } from './errors.ts'
import { installHint, requireProgram } from './find-program.ts'
import { linux } from './linux.ts'
import { native } from './native.ts'
import type { Ended } from './native-interface.ts'
import { signalName } from './process.ts'
import { type Environment, spawn, type SpawnOptions } from './spawn.ts'

export interface RunProgramOptions extends Omit<SpawnOptions, 'fds'> {
  /** Ours unless said. */
  env?: Environment
  /** Standard input; empty unless said. */
  input?: string | Uint8Array
  /** `inherit` lets the program write where we do; captured unless said. */
  stdout?: 'capture' | 'inherit' | 'ignore'
  stderr?: 'capture' | 'inherit' | 'ignore'
  /** 60 s unless said; then the program's process group is killed and `timedOut` is set. */
  timeoutMs?: number
  /** Further descriptors of the child, by the number each gets there. */
  passFds?: Readonly<Record<number, number>>
  /** Of each stream, 4 MiB unless said; the rest is read and dropped, and `truncated` is set. */
  maxOutputBytes?: number
}

export interface ProgramResult {
  file: string
  args: readonly string[]
  /** Exactly one of the two is set. */
  exitCode: number | undefined
  signal: number | undefined
  stdout: Buffer
  stderr: Buffer
  timedOut: boolean
  truncated: boolean
}

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

class Running implements RunningProgram {
  readonly file: string
  readonly args: readonly string[]
  readonly pid: number
  readonly pidfd: number
  readonly deadline: number
  readonly out: Stream
  readonly err: Stream
  readonly #input: Uint8Array
  inputFd = -1
  ended: Ended | undefined
  timedOut = false
  #written = 0

  constructor(file: string, args: readonly string[], options: RunProgramOptions) {
    this.file = requireProgram(file, options.env?.['PATH'] ?? process.env['PATH'])
    this.args = args
    this.#input = typeof options.input === 'string' ? Buffer.from(options.input) : (options.input ?? new Uint8Array())
    this.deadline = performance.now() + (options.timeoutMs ?? 60_000)
    const max = options.maxOutputBytes ?? 4 << 20
    const [childIn, inputFd] = this.#input.length > 0 ? native().pipe() : [openSync('/dev/null', 'r'), -1]
    this.inputFd = inputFd
    this.out = new Stream(options.stdout ?? 'capture', 1, max)
    this.err = new Stream(options.stderr ?? 'capture', 2, max)
    try {
      this.pid = start(this.file, args, options, [childIn, this.out.childFd, this.err.childFd])
      this.pidfd = native().pidfdOpen(this.pid)
      if (inputFd >= 0) native().setNonblocking(inputFd, true)
    } catch (error) {
      this.out.close()
      this.err.close()
      this.closeInput()
      throw error
    } finally {
      closeSync(childIn)
      this.out.closeChildSide()
      this.err.closeChildSide()
    }
  }

  closeInput(): void {
    if (this.inputFd >= 0) closeSync(this.inputFd)
    this.inputFd = -1
  }

  feed(): void {
    try {
      this.#written += writeSync(this.inputFd, this.#input, this.#written)
      if (this.#written === this.#input.length) this.closeInput()
    } catch (error) {
      // A program that does not read its input to the end is within its rights.
      if (isErrno(error, 'EPIPE')) this.closeInput()
      else if (!isErrno(error, 'EAGAIN')) throw error
    }
  }

  kill(): void {
    this.timedOut = true
    try {
      native().kill(-this.pid, 9)
    } catch (error) {
      if (!isErrno(error, 'ESRCH')) throw error
    }
  }

  /** The first process has ended: what it wrote before that is in the pipes already. */
  end(): void {
    this.ended = native().waitPid(this.pid, true)
    this.closeInput()
    this.out.drain()
    this.err.drain()
    this.out.close()
    this.err.close()
    closeSync(this.pidfd)
  }

  result(): ProgramResult {
    return {
      file: this.file,
      args: this.args,
      exitCode: this.ended?.exitCode,
      signal: this.ended?.signal,
      stdout: this.out.bytes(),
      stderr: this.err.bytes(),
      timedOut: this.timedOut,
      truncated: this.out.truncated || this.err.truncated,
    }
  }
}

/** One of the program's output streams and our end of its pipe. */
class Stream {
  readonly childFd: number
  readonly #ownsChildFd: boolean
  readonly #maxBytes: number
  readonly #chunks: Buffer[] = []
  #length = 0
  /** -1 when there is nothing to read, or no more. */
  fd = -1
  truncated = false

  constructor(kind: 'capture' | 'inherit' | 'ignore', own: number, maxBytes: number) {
    this.#maxBytes = maxBytes
    this.#ownsChildFd = kind !== 'inherit'
    if (kind === 'capture') {
      const [read, write] = native().pipe()
      native().setNonblocking(read, true)
      this.fd = read
      this.childFd = write
    } else {
      this.childFd = kind === 'inherit' ? own : openSync('/dev/null', 'w')
    }
  }

  closeChildSide(): void {
    if (this.#ownsChildFd) closeSync(this.childFd)
  }

  close(): void {
    if (this.fd >= 0) closeSync(this.fd)
    this.fd = -1
  }

  /** Reads what is there. */
  drain(): void {
    while (this.fd >= 0) {
      try {
        const chunk = Buffer.allocUnsafe(65536)
        const length = readSync(this.fd, chunk)
        if (length === 0) return this.close()
        this.#keep(chunk.subarray(0, length))
      } catch (error) {
        if (isErrno(error, 'EAGAIN')) return
        throw error
      }
    }
  }

  bytes(): Buffer {
    return this.#chunks.length === 1 ? (this.#chunks[0] as Buffer) : Buffer.concat(this.#chunks)
  }

  #keep(chunk: Buffer): void {
    const room = this.#maxBytes - this.#length
    if (chunk.length > room) this.truncated = true
    const kept = chunk.subarray(0, room)
    if (kept.length > 0) this.#chunks.push(kept)
    this.#length += kept.length
  }
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

function start(file: string, args: readonly string[], options: RunProgramOptions, fds: number[]): number {
  const { env, input, stdout, stderr, timeoutMs, maxOutputBytes, passFds = {}, ...rest } = options
  for (const [number, fd] of Object.entries(passFds)) {
    while (fds.length < Number(number)) fds.push(-1)
    fds[Number(number)] = fd
  }
  try {
    return spawn(file, [file, ...args], env ?? process.env, { newGroup: true, parentDeathSignal: 9, ...rest, fds })
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'EACCES', 'ENOEXEC')) {
      throw new RocketError('PROGRAM_MISSING', { what: `${file} cannot be executed`, why: (error as Error).message, hint: installHint(file), cause: error })
    }
    throw syscallError(error, `cannot start ${file}`)
  }
}
