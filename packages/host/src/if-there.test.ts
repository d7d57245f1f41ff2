import assert from 'node:assert/strict'
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { test } from 'node:test'
import { isThere, namesIn, podsIn, readIfThere } from './index.ts'
import { runProgram } from './run-program.ts'
import { asRoot, code, moduleUrl, temporaryDirectory } from './testing/support.ts'

test('what is there is read, and what is not is absent', () => {
  const directory = temporaryDirectory()
  writeFileSync(`${directory}/file`, 'text')
  symlinkSync('nowhere', `${directory}/dangling`)
  assert.equal(readIfThere(`${directory}/file`)?.toString(), 'text')
  assert.deepEqual(namesIn(directory).sort(), ['dangling', 'file'])
  assert.equal(isThere(directory), true)
  for (const name of ['none', 'none/at/all', 'dangling']) {
    assert.equal(readIfThere(`${directory}/${name}`), undefined)
    assert.deepEqual(namesIn(`${directory}/${name}`), [])
    assert.equal(isThere(`${directory}/${name}`), false)
  }
})

test('a file in the place of a directory is no absence, nor is a directory in the place of a file', () => {
  const directory = temporaryDirectory()
  writeFileSync(`${directory}/file`, '')
  for (const look of [readIfThere, namesIn, isThere]) assert.throws(() => look(`${directory}/file/x`), code('SYSCALL_FAILED'))
  assert.throws(() => namesIn(`${directory}/file`), code('SYSCALL_FAILED'))
  assert.throws(() => readIfThere(directory), code('SYSCALL_FAILED'))
})

test('a pipe in the place of a file keeps nobody waiting', () => {
  const path = `${temporaryDirectory()}/pipe`
  runProgram('mkfifo', [path])
  assert.equal(readIfThere(path)?.length, 0)
})

test('what another user may not look at is no absence, and says who may', asRoot, () => {
  const directory = temporaryDirectory()
  mkdirSync(`${directory}/closed`, { mode: 0o700 })
  chmodSync(directory, 0o755)
  const script = `
    import { readIfThere } from '${moduleUrl('if-there.ts')}'
    process.setgroups([]); process.setgid(65534); process.setuid(65534)
    try { readIfThere('${directory}/closed/x') } catch (error) { console.log(error.code, error.hint) }`
  const { stdout } = runProgram(process.execPath, ['--input-type=module', '--eval', script])
  assert.match(stdout.toString(), /^NOT_ROOT run as root or/)
})

test('the pods of a place are its UUIDs, in order', () => {
  const directory = temporaryDirectory()
  const uuid = (digit: string): string => `${digit.repeat(8)}-0000-4000-8000-000000000000`
  for (const name of [uuid('2'), uuid('1'), 'lost+found']) mkdirSync(`${directory}/pods/run/${name}`, { recursive: true })
  assert.deepEqual(podsIn(directory, 'run'), [uuid('1'), uuid('2')])
  assert.deepEqual(podsIn(directory, 'prepared'), [])
})
