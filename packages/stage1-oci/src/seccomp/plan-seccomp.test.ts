import assert from 'node:assert/strict'
import { test } from 'node:test'
import { planSeccomp } from './plan-seccomp.ts'

test('the default list refuses known calls with EPERM and unknown ones with ENOSYS', () => {
  const plan = planSeccomp({ mode: 'default' }, 'x64', 'crun')
  const [allowed, known] = plan?.syscalls ?? []
  assert.deepEqual(
    [plan?.defaultAction, plan?.defaultErrnoRet, known?.action, known?.errnoRet], ['SCMP_ACT_ERRNO', 38, 'SCMP_ACT_ERRNO', 1]
  )
  for (const name of ['read', 'execve', 'statx', 'clone3', 'rseq', 'faccessat2']) assert.ok(allowed?.names.includes(name), name)
  for (
    const name of ['mount', 'bpf', 'keyctl', 'kexec_load', 'ptrace', 'open_by_handle_at', 'setns', 'unshare', 'io_uring_setup']
  ) assert.ok(known?.names.includes(name), name)
  assert.deepEqual(known?.names.filter((name) => allowed?.names.includes(name)), [])
})

test('no filter where there is to be none', () => {
  assert.equal(planSeccomp({ mode: 'unconfined' }, 'x64', 'crun'), undefined)
})

test("an allow list of the user's kills, or answers with the errno that was given", () => {
  const kills = planSeccomp({ mode: 'allow', syscalls: ['mount'] }, 'arm64', 'crun')
  assert.deepEqual(
    [kills?.defaultAction, kills?.defaultErrnoRet, kills?.architectures],
    ['SCMP_ACT_KILL_PROCESS', undefined, ['SCMP_ARCH_AARCH64', 'SCMP_ARCH_ARM']],
  )
  assert.ok(kills?.syscalls[0]?.names.includes('mount') && kills.syscalls[0].names.includes('execve'))
  assert.equal(planSeccomp({ mode: 'allow', syscalls: [], errno: 'ENOSYS' }, 'x64', 'crun')?.defaultErrnoRet, 38)
})

test('a deny list leaves everything else alone; an empty one is no rule', () => {
  assert.deepEqual(planSeccomp({ mode: 'deny', syscalls: ['reboot', 'acct'], errno: 'EACCES' }, 'x64', 'crun')?.syscalls, [
    { names: ['acct', 'reboot'], action: 'SCMP_ACT_ERRNO', errnoRet: 13 },
  ])
  assert.deepEqual(planSeccomp({ mode: 'deny', syscalls: [] }, 'x64', 'crun')?.syscalls, [])
})

test('the calls that a runtime needs to start the app are added, and no more', () => {
  const namesOn = (runtime: string): string[] => planSeccomp({ mode: 'allow', syscalls: [] }, 'x64', runtime)?.syscalls[0]?.names ?? []
  assert.equal(namesOn('crun').length, 21)
  assert.ok(!namesOn('crun').includes('openat'))
  assert.ok(namesOn('runc').includes('openat'))
  assert.deepEqual(namesOn('youki'), namesOn('runc'))
})
