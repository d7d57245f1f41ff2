import assert from 'node:assert/strict'
import { closeSync, copyFileSync, mkdtempSync, openSync, statSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { before, test } from 'node:test'
import { enterPrivateMountNamespace, findProgram, linux, mountFileSystem, native, runProgram, spawn } from '@rocket/host'
import { protectRuntime, runtimeToProtect } from './protect-runtime.ts'

const skip = process.geteuid?.() !== 0 ? 'needs root' : false
/** In a /tmp of our own, with which everything goes. */
let directory = ''
before(() => {
  if (skip !== false) return
  enterPrivateMountNamespace()
  mountFileSystem('tmpfs', '/tmp')
  directory = mkdtempSync('/tmp/rocket-runtime-')
})

test('of the runtimes crun looks whether it is read-only', () => {
  assert.equal(runtimeToProtect({ name: 'crun', path: '/usr/bin/crun' }), '/usr/bin/crun')
  assert.equal(runtimeToProtect({ name: 'runc', path: '/usr/sbin/runc' }), undefined)
})

test('a program cannot be written to through the process that it has become, nor through a link', { skip }, () => {
  const program = join(directory, 'program')
  copyFileSync(findProgram('sleep') as string, program)
  symlinkSync(program, join(directory, 'link'))
  protectRuntime(join(directory, 'link'))
  const pid = spawn(join(directory, 'link'), ['sleep', '60'], {})
  const kept = openSync(`/proc/${pid}/exe`, linux.O_PATH)
  native().kill(pid, 9)
  native().waitPid(pid, true)
  for (const path of [`/proc/self/fd/${kept}`, program]) assert.throws(() => openSync(path, 'r+'), { code: 'EROFS' })
  closeSync(kept)
})

const crun = findProgram('crun')

test('crun that is protected makes no file in /tmp', { skip: skip === false && crun === undefined ? 'needs crun' : skip }, () => {
  const changedAt = (): bigint => statSync('/tmp', { bigint: true }).mtimeNs
  protectRuntime(crun as string)
  const before = changedAt()
  assert.equal(runProgram(crun as string, ['--version']).exitCode, 0)
  assert.equal(changedAt(), before)
})
