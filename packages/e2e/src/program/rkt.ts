import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Readable, Writable } from 'node:stream'
import { execa } from 'execa'
import { repository } from '../set-up/checkout.ts'

/** How a command ended: by itself, or by a signal. */
export interface Ended {
  readonly exitCode: number | undefined
  readonly signal: string | undefined
  readonly stdout: string
  readonly stderr: string
}

export interface RktOptions {
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
  readonly input?: string
  /** Words to run before the program, as `setpriv --reuid=65534`. */
  readonly through?: readonly string[]
  /** A process group of its own, to be killed as one. */
  readonly ownGroup?: boolean
  readonly timeoutMs?: number
  readonly program?: string
}

export interface Running {
  readonly pid: number
  readonly stdin: Writable
  readonly stdout: Readable
  readonly stderr: Readable
  /** What has come out so far. */
  said(): { stdout: string; stderr: string }
  readonly ended: Promise<Ended>
}

/** `./rkt` of this checkout, as a user calls it; another copy of it where ROCKET_E2E_RKT names one. */
export const program: string = process.env['ROCKET_E2E_RKT'] ?? join(repository, 'rkt')

/** Set for every command, so that a process that outlived its pod can be told by its environment. */
export const mark = 'ROCKET_E2E_MARK'

/** Starts a command. Nothing of the environment of npm, Nx and the test runner reaches it. */
export function startRkt(args: readonly string[], options: RktOptions = {}): Running {
  const [file, ...words] = [...(options.through ?? []), options.program ?? program, ...args]
  if (file === undefined) throw new Error('no program')
  const child = execa(file, words, {
    cwd: options.cwd ?? '/', env: { ...environment(), ...options.env }, extendEnv: false, stdin: 'pipe', buffer: false, reject: false,
    stripFinalNewline: false, detached: options.ownGroup === true, cleanup: options.ownGroup !== true,
    timeout: options.timeoutMs ?? 60_000, killSignal: 'SIGKILL',
  })
  const texts = { stdout: '', stderr: '' }
  child.stdout.setEncoding('utf8').on('data', (text: string) => { texts.stdout += text })
  child.stderr.setEncoding('utf8').on('data', (text: string) => { texts.stderr += text })
  child.stdin.on('error', () => {}).end(options.input ?? undefined)
  const ended = Promise.resolve(child).then(({ exitCode, signal, timedOut }) => {
    if (timedOut) throw new Error(`rkt ${args.join(' ')} did not end in time:\n${texts.stdout}${texts.stderr}`)
    return { exitCode, signal, ...texts }
  })
  ended.catch(() => {})
  if (child.pid === undefined) throw new Error(`${file} could not be started`)
  return { pid: child.pid, stdin: child.stdin, stdout: child.stdout, stderr: child.stderr, said: () => ({ ...texts }), ended }
}

export function runRkt(args: readonly string[], options: RktOptions = {}): Promise<Ended> {
  return startRkt(args, options).ended
}

/** As of a fresh login; one variable is a secret that no app may see. */
function environment(): Record<string, string> {
  return {
    PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', HOME: '/root', LANG: 'C.UTF-8', TZ: 'UTC',
    [mark]: String(process.pid), SECRET_OF_THE_HOST: 'must stay here',
  }
}

/** A directory that is made where it is not there. */
export function directoryAt(...parts: string[]): string {
  const path = join(...parts)
  mkdirSync(path, { recursive: true })
  return path
}
