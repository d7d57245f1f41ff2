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
 * Allowed with every list, as systemd does for rkt's classic flavor: to begin, to end, to return from a signal, to tell the time and to
 * wait.
 */
const always: readonly string[] = [
  'clock_gettime', 'clock_nanosleep', 'execve', 'exit', 'exit_group', 'getrlimit', 'gettimeofday', 'nanosleep', 'rt_sigreturn', 'sigreturn',
  'time',
]

/**
 * What a runtime itself calls between loading the filter and executing the app: a list of the user's that lacks one of these would keep
 * every program from starting. Found by leaving out one after the other. runc is written in Go, whose own runtime goes on working
 * meanwhile.
 */
const callsOfRuntime: Readonly<Record<string, readonly string[]>> = {
  crun: ['capset', 'close', 'close_range', 'prctl', 'rt_sigaction', 'rt_sigprocmask', 'setgroups', 'setresgid', 'setresuid', 'write'],
  runc: [
    'brk', 'capget', 'capset', 'chdir', 'close', 'close_range', 'dup', 'dup3', 'epoll_ctl', 'epoll_pwait', 'faccessat2', 'fchdir', 'fcntl',
    'fcntl64', 'fstat', 'fstatfs',
    'futex', 'getcwd', 'getdents64', 'getpid', 'getppid', 'gettid', 'getuid', 'ioctl', 'mmap', 'munmap', 'newfstatat', 'openat', 'prctl',
    'read', 'recvfrom', 'recvmsg',
    'rt_sigaction', 'rt_sigprocmask', 'sched_getaffinity', 'sched_yield', 'sendmsg', 'sendto', 'setgid', 'setgroups', 'setresgid',
    'setresuid', 'setsid', 'setuid',
    'sigaltstack', 'statx', 'tgkill', 'umask', 'write',
  ],
}

/** The filter in OCI form; undefined where there is none. A forbidden call without an errno of the user's ends the process with SIGSYS. */
export function planSeccomp(seccomp: Seccomp, architecture: 'x64' | 'arm64', runtime: string): RuntimeSeccomp | undefined {
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
      const names = [...new Set([...seccomp.syscalls, ...always, ...(callsOfRuntime[runtime] ?? callsOfRuntime['runc'] ?? [])])].sort()
      return {
        defaultAction: action, ...(errnoRet === undefined ? {} : { defaultErrnoRet: errnoRet }), ...on,
        syscalls: [{ names, action: 'SCMP_ACT_ALLOW' }],
      }
    }
    case 'deny': return {
      defaultAction: 'SCMP_ACT_ALLOW', ...on,
      syscalls: seccomp.syscalls.length === 0 ? [] : [{ names: [...seccomp.syscalls].sort(), ...refusal(seccomp.errno) }],
    }
  }
}

function refusal(errno: string | undefined): { action: string; errnoRet?: number } {
  if (errno === undefined) return { action: 'SCMP_ACT_KILL_PROCESS' }
  // Few lists name one, and loading this module costs half a millisecond.
  const { constants } = process.getBuiltinModule('node:os')
  return { action: 'SCMP_ACT_ERRNO', errnoRet: (constants.errno as Record<string, number>)[errno] ?? EPERM }
}
