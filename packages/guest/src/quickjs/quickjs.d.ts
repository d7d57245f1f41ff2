/** The modules of QuickJS 2025-04-26, as far as the agent uses them. Calls return a negative errno where they fail. */
declare module 'os' {
  export const WNOHANG: number
  export const O_RDONLY: number
  export const O_WRONLY: number
  export const O_RDWR: number
  export const SIGCHLD: number
  export function open(path: string, flags: number, mode?: number): number
  export function close(fd: number): number
  export function read(fd: number, buffer: ArrayBuffer, offset: number, length: number): number
  export function write(fd: number, buffer: ArrayBuffer, offset: number, length: number): number
  export function pipe(): [number, number] | null
  export function remove(path: string): number
  export function symlink(target: string, path: string): number
  export function readlink(path: string): [string, number]
  export function readdir(path: string): [string[], number]
  export function signal(signal: number, handler: (() => void) | null): void
  export function setReadHandler(fd: number, handler: (() => void) | null): void
  export function setTimeout(work: () => void, ms: number): unknown
  export function clearTimeout(timer: unknown): void
  export function exec(argv: readonly string[], options?: {
    block?: boolean; usePath?: boolean; stdin?: number; stdout?: number; stderr?: number; env?: Record<string, string>
  }): number
  export function waitpid(pid: number, options: number): [number, number]
  export function kill(pid: number, signal: number): number
}

declare module 'std' {
  export function strerror(errno: number): string
  export function exit(code: number): never
}

declare const scriptArgs: readonly string[]
