import { closeSync, openSync, writeSync } from 'node:fs'
import { isErrno, RocketError } from '@rocket/contracts'
import { syscallError } from './errors.ts'
import { installHint, requireProgram } from './find-program.ts'
import { native } from './native.ts'
import type { Ended } from './native-interface.ts'
import { ProgramOutput } from './program-output.ts'
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

/** A started program with our ends of its pipes; `finishPrograms` does for it what it waits for. */
export class Running {
  readonly file: string
  readonly args: readonly string[]
  readonly pid: number
  readonly pidfd: number
  readonly deadline: number
  readonly out: ProgramOutput
  readonly err: ProgramOutput
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
    this.out = new ProgramOutput(options.stdout ?? 'capture', 1, max)
    this.err = new ProgramOutput(options.stderr ?? 'capture', 2, max)
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
