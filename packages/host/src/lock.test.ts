import assert from 'node:assert/strict'
import { closeSync, mkdirSync, openSync, readdirSync, readlinkSync } from 'node:fs'
import { test } from 'node:test'
import { lockDirectory, lockFile, probeLock, releaseLock } from './lock.ts'
import { native } from './native.ts'
import { processStat } from './process.ts'
import { code, errno, eventually, moduleUrl, startScript, temporaryDirectory } from './testing/support.ts'

const directory = temporaryDirectory()

test('an exclusive lock keeps everybody else out until it is released', () => {
  const fd = lockDirectory(directory, { kind: 'exclusive' })
  assert.throws(() => lockDirectory(directory, { kind: 'exclusive' }), code('LOCK_HELD'))
  assert.throws(() => lockDirectory(directory, { kind: 'shared' }), code('LOCK_HELD'))
  assert.equal(probeLock(directory), 'held')
  releaseLock(fd)
  assert.equal(probeLock(directory), 'free')
})

test('shared locks go together, and do not look held', () => {
  const first = lockDirectory(directory, { kind: 'shared' })
  const second = lockDirectory(directory, { kind: 'shared' })
  assert.equal(probeLock(directory), 'free')
  assert.throws(() => lockDirectory(directory, { kind: 'exclusive' }), code('LOCK_HELD'))
  releaseLock(first)
  releaseLock(second)
})

test('a lock follows its directory when it is renamed', () => {
  mkdirSync(`${directory}/embryo`)
  const fd = lockDirectory(`${directory}/embryo`, { kind: 'exclusive' })
  native().renameat2(-100, `${directory}/embryo`, -100, `${directory}/run`, 0)
  assert.equal(probeLock(`${directory}/run`), 'held')
  assert.equal(probeLock(`${directory}/embryo`), 'missing')
  releaseLock(fd)
})

test('a file is made to be locked; a directory is not', () => {
  releaseLock(lockFile(`${directory}/lock`, { kind: 'exclusive' }))
  assert.throws(() => lockDirectory(`${directory}/nothing`, { kind: 'exclusive' }), errno('ENOENT'))
})

test('the lock is held across execve, as a second process sees, and free when the program ends', () => {
  const locked = `${directory}/pod`
  mkdirSync(locked)
  const [read, write] = native().pipe()
  const pid = startScript(`
    import { keepAcrossExec, lockDirectory } from '${moduleUrl('lock.ts')}'
    keepAcrossExec(lockDirectory('${locked}', { kind: 'exclusive' }), 9)
    process.execve('/bin/sleep', ['sleep', '60'], {})
  `, [read, 1, 2])
  assert.ok(eventually(() => processStat(pid)?.name === 'sleep'), 'the program was executed')
  assert.deepEqual(readdirSync(`/proc/${pid}/fd`).sort(), ['0', '1', '2', '9'])
  assert.equal(readlinkSync(`/proc/${pid}/fd/9`), locked)
  assert.equal(probeLock(locked), 'held')
  native().kill(pid, 9)
  assert.deepEqual(native().waitPid(pid, true), { pid, signal: 9 })
  assert.equal(probeLock(locked), 'free')
  closeSync(read)
  closeSync(write)
})

test('descriptors that the caller let through do not pass to programs, but for those named', () => {
  const inherited = openSync('/', 'r')
  const [read, write] = native().pipe()
  const fds = [0, 1, 2, inherited, inherited, inherited, inherited, inherited, inherited, inherited, inherited, inherited, inherited, write]
  const pid = startScript(`
    import { markInheritedCloseOnExec } from '${moduleUrl('lock.ts')}'
    markInheritedCloseOnExec([5, 13])
    process.execve('/bin/sleep', ['sleep', '60'], {})
  `, fds)
  assert.ok(eventually(() => processStat(pid)?.name === 'sleep'))
  assert.deepEqual(readdirSync(`/proc/${pid}/fd`).map(Number).sort((a, b) => a - b), [0, 1, 2, 5, 13])
  native().kill(pid, 9)
  native().waitPid(pid, true)
  for (const fd of [inherited, read, write]) closeSync(fd)
})
