import { constants } from 'node:os'
import type { Seccomp } from '@rocket/contracts'
import type { RuntimeSeccomp } from '../bundle/runtime-config.ts'
import { newerCalls, rktDefaultCalls } from './default-calls.ts'
import { otherKnownCalls } from './known-calls.ts'

const EPERM = 1
const ENOSYS = 38

const architectures: Readonly<Record<'x64' | 'arm64', string[]>> = {
  x64: ['SCMP_ARCH_X86_64', 'SCMP_ARCH_X86', 'SCMP_ARCH_X32'],
  arm64: ['SCMP_ARCH_AARCH64', 'SCMP_ARCH_ARM'],
}

/**
 * What a process does on its way from the filter into the app's program, and out of it. A list of the user's own that lacks one of these
 * would keep every program from starting, so they are always allowed, as systemd does for rkt's classic flavor.
 */
const callsToStart: readonly string[] = [
  'capget', 'capset', 'chdir', 'close', 'close_range', 'dup', 'dup3', 'execve', 'exit', 'exit_group', 'fchdir', 'fcntl', 'fcntl64', 'fstat', 'fstatfs', 'futex',
  'getdents64', 'getpid', 'getppid', 'getrlimit', 'mmap', 'munmap', 'brk', 'newfstatat', 'openat', 'prctl', 'read', 'rt_sigaction', 'rt_sigprocmask', 'rt_sigreturn',
  'sched_getaffinity', 'sched_yield', 'sendto', 'setgid', 'setgroups', 'setresgid', 'setresuid', 'setsid', 'setuid', 'sigreturn', 'tgkill', 'umask', 'write',
  'clock_gettime', 'clock_nanosleep', 'epoll_ctl', 'epoll_pwait', 'faccessat2', 'gettid', 'getuid', 'ioctl', 'nanosleep', 'recvfrom', 'recvmsg', 'sendmsg',
  'sigaltstack', 'statx', 'time', 'gettimeofday',
]

/** The filter in OCI form; undefined where there is none. A forbidden call without an errno of the user's ends the process with SIGSYS. */
export function planSeccomp(seccomp: Seccomp, architecture: 'x64' | 'arm64'): RuntimeSeccomp | undefined {
  const on = { architectures: architectures[architecture] }
  switch (seccomp.mode) {
    case 'unconfined': return undefined
    case 'default': return {
      defaultAction: 'SCMP_ACT_ERRNO', defaultErrnoRet: ENOSYS, ...on,
      syscalls: [
        { names: [...rktDefaultCalls, ...newerCalls], action: 'SCMP_ACT_ALLOW' },
        { names: [...otherKnownCalls], action: 'SCMP_ACT_ERRNO', errnoRet: EPERM },
      ],
    }
    case 'allow': {
      const { action, errnoRet } = refusal(seccomp.errno)
      const names = [...new Set([...seccomp.syscalls, ...callsToStart])].sort()
      return { defaultAction: action, ...(errnoRet === undefined ? {} : { defaultErrnoRet: errnoRet }), ...on, syscalls: [{ names, action: 'SCMP_ACT_ALLOW' }] }
    }
    case 'deny': return {
      defaultAction: 'SCMP_ACT_ALLOW', ...on,
      syscalls: seccomp.syscalls.length === 0 ? [] : [{ names: [...seccomp.syscalls].sort(), ...refusal(seccomp.errno) }],
    }
  }
}

function refusal(errno: string | undefined): { action: string; errnoRet?: number } {
  if (errno === undefined) return { action: 'SCMP_ACT_KILL_PROCESS' }
  const number = (constants.errno as Record<string, number>)[errno] ?? EPERM
  return { action: 'SCMP_ACT_ERRNO', errnoRet: number }
}
