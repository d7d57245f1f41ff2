import { native } from './native.ts'
import type { NativeSpawnOptions } from './native-interface.ts'

export type Environment = Readonly<Record<string, string | undefined>>

export interface SpawnOptions extends Omit<NativeSpawnOptions, 'fds'> {
  /** Descriptor i of the child is a copy of `fds[i]`; -1 leaves it closed; everything else is closed. 0, 1, 2 as ours unless said. */
  fds?: readonly number[]
}

/**
 * Starts a program and returns its pid once it runs: a program that cannot be executed throws its errno here (`ENOENT`, `EACCES`, `ENOEXEC`),
 * not later. `file` is a path (`findProgram` looks names up); `argv` begins with the program's own name. Signals are as at the birth of a
 * process: nothing blocked, nothing ignored. Costs 0.2 ms whatever the size of our heap. The caller waits: `native().waitAny()`.
 */
export function spawn(file: string, argv: readonly string[], env: Environment, options: SpawnOptions = {}): number {
  return native().spawn(file, argv, environmentList(env), { ...options, fds: options.fds ?? [0, 1, 2] })
}

/** `KEY=value` for each that has a value, in the order of the object. */
export function environmentList(env: Environment): string[] {
  const list: string[] = []
  for (const key in env) if (env[key] !== undefined) list.push(`${key}=${env[key]}`)
  return list
}
