import assert from 'node:assert/strict'
import { closeSync, openSync } from 'node:fs'
import { test } from 'node:test'
import { linux } from './linux.ts'
import { lockDirectory } from './lock.ts'
import { lockHolders } from './lock-holders.ts'
import { native } from './native.ts'
import { spawn } from './spawn.ts'
import { eventually, moduleUrl, startScript, temporaryDirectory } from './testing/support.ts'

test('every copy of the descriptor holds the lock, and is told from one that is merely open', () => {
  const directory = temporaryDirectory()
  const fd = lockDirectory(directory, { kind: 'exclusive' })
  const open = openSync(directory, linux.O_RDONLY)
  const copy = spawn('/bin/sleep', ['sleep', '60'], {}, { fds: [-1, 1, 2, fd], parentDeathSignal: 9 })
  const reader = spawn('/bin/sleep', ['sleep', '60'], {}, { fds: [-1, 1, 2, open], parentDeathSignal: 9 })
  assert.deepEqual(lockHolders(directory), [process.pid, copy].sort((a, b) => a - b).map((pid) => ({ pid, takenBy: process.pid })))
  closeSync(fd)
  assert.deepEqual(lockHolders(directory), [{ pid: copy, takenBy: process.pid }])
  for (const pid of [copy, reader]) {
    native().kill(pid, 9)
    native().waitPid(pid, true)
  }
  assert.deepEqual(lockHolders(directory), [])
  closeSync(open)
})

test('a lock that was left to somebody says who took it, though that is gone', () => {
  const directory = temporaryDirectory()
  const taker = startScript(`
    import { lockDirectory } from '${moduleUrl('lock.ts')}'
    import { spawn } from '${moduleUrl('spawn.ts')}'
    spawn('/bin/sleep', ['sleep', '60'], {}, { fds: [-1, 1, 2, lockDirectory('${directory}', { kind: 'exclusive' })] })`)
  native().waitPid(taker, true)
  assert.ok(eventually(() => lockHolders(directory).length === 1))
  const [holder] = lockHolders(directory)
  assert.equal(holder?.takenBy, taker)
  native().kill(holder.pid, 9)
  assert.ok(eventually(() => lockHolders(directory).length === 0))
})
