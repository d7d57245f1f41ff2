import { closeSync, openSync } from 'node:fs'
import { RocketError } from '@rocket/contracts'
import { linux } from './linux.ts'
import { native, nativeDirectory } from './native.ts'
import { startTime } from './process.ts'

export type NamespaceKind = 'pid' | 'net' | 'ipc' | 'uts' | 'cgroup' | 'mnt'

const cloneFlags: Readonly<Record<NamespaceKind, number>> = {
  pid: linux.CLONE_NEWPID,
  net: linux.CLONE_NEWNET,
  ipc: linux.CLONE_NEWIPC,
  uts: linux.CLONE_NEWUTS,
  cgroup: linux.CLONE_NEWCGROUP,
  mnt: linux.CLONE_NEWNS,
}

export interface HolderOptions {
  namespaces: readonly NamespaceKind[]
  /** The pod's lock; the holder keeps it as descriptor 9. */
  lockFd?: number | undefined
  hostname?: string | undefined
  /** Brings `lo` up when a network namespace is made; on unless said. */
  loopback?: boolean | undefined
  /** Shown by `ps` after the program's name. */
  label?: string | undefined
}

export interface Holder {
  pid: number
  startTime: number
}

/** The descriptor of the lock in every process that carries it. */
export const LOCK_FD = 9

/**
 * Clones the pod's first process: it makes the namespaces, holds them and the lock, reaps, ignores every signal, and dies with KILL
 * when the thread that called this ends, or when killed from outside. It inherits our mount namespace (unless `mnt` is asked): enter the pod's
 * first. Throws SYSCALL_FAILED; nothing is left then.
 */
export function startHolder(options: HolderOptions): Holder {
  const flags = options.namespaces.reduce((all, kind) => all | cloneFlags[kind], 0)
  const fds: number[] = Array.from({ length: LOCK_FD + 1 }, () => -1)
  if (options.lockFd !== undefined) fds[LOCK_FD] = options.lockFd
  const argv = ['rocket-pod', String(process.pid), ...(options.label === undefined ? [] : [options.label])]
  let pid: number
  try {
    pid = native().spawn(`${nativeDirectory()}/pod-init`, argv, [], {
      fds,
      cwd: '/',
      cloneFlags: flags,
      hostname: options.hostname,
      loopbackUp: options.namespaces.includes('net') && options.loopback !== false,
      newSession: true,
      parentDeathSignal: 9,
    })
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw new RocketError('SYSCALL_FAILED', { what: 'cannot start the first process of the pod', why, cause: error })
  }
  return { pid, startTime: startTime(pid) ?? 0 }
}

/** A descriptor of a process's namespace, close-on-exec. */
export function openNamespace(pid: number, kind: NamespaceKind): number {
  return openSync(`/proc/${pid}/ns/${kind}`, 'r')
}

/**
 * Moves this thread into a process's mount namespace, with its root as working directory. The thread pool stays outside: use synchronous fs
 * calls afterwards.
 */
export function joinMountNamespace(pid: number): void {
  const fd = openNamespace(pid, 'mnt')
  try {
    native().unshare(linux.CLONE_FS)
    native().setns(fd, linux.CLONE_NEWNS)
    // The kernel has put us there already; this makes Node forget where we were.
    process.chdir('/')
  } finally {
    closeSync(fd)
  }
}

/** In the uts namespace of a process, or in ours. */
export function setHostname(name: string, pid?: number): void {
  inNamespaceOf(pid, 'uts', (fd) => native().setHostname(name, fd))
}

/** Brings `lo` up in the network namespace of a process, or in ours. */
export function setLoopbackUp(pid?: number): void {
  inNamespaceOf(pid, 'net', (fd) => native().setLoopbackUp(fd))
}

function inNamespaceOf(pid: number | undefined, kind: NamespaceKind, work: (fd: number | null) => void): void {
  if (pid === undefined) return work(null)
  const fd = openNamespace(pid, kind)
  try {
    work(fd)
  } finally {
    closeSync(fd)
  }
}
