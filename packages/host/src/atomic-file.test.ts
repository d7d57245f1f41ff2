import assert from 'node:assert/strict'
import { mkdirSync, readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { test } from 'node:test'
import { readFileCapped, readJsonFile, removeLeftovers, writeFileAtomic } from './atomic-file.ts'
import { enterPrivateMountNamespace, mountFileSystem } from './mount.ts'
import { native } from './native.ts'
import { asRoot, code, errno, eventually, moduleUrl, startScript, temporaryDirectory } from './testing/support.ts'

for (const sync of [false, true]) {
  test(`a file is made and replaced, ${sync ? 'synced' : 'not synced'}, and nothing lies beside`, () => {
    const directory = temporaryDirectory()
    writeFileAtomic(`${directory}/file`, 'old', { sync })
    writeFileAtomic(`${directory}/file`, Buffer.from('new'), { sync, mode: 0o600 })
    assert.equal(readFileSync(`${directory}/file`, 'utf8'), 'new')
    assert.equal(statSync(`${directory}/file`).mode & 0o777, 0o600)
    assert.deepEqual(readdirSync(directory), ['file'])
  })
}

test('a failure leaves the old content and nothing beside', () => {
  const directory = temporaryDirectory()
  mkdirSync(`${directory}/taken`)
  assert.throws(() => writeFileAtomic(`${directory}/taken`, 'x'), code('SYSCALL_FAILED'))
  assert.throws(() => writeFileAtomic(`${directory}/none/file`, 'x'), code('SYSCALL_FAILED'))
  assert.deepEqual(readdirSync(directory), ['taken'])
})

test('a full disk has a code of its own, and the old content stands', asRoot, () => {
  const directory = temporaryDirectory()
  enterPrivateMountNamespace()
  mountFileSystem('tmpfs', directory, { data: 'size=64k' })
  writeFileAtomic(`${directory}/file`, 'old')
  assert.throws(() => writeFileAtomic(`${directory}/file`, Buffer.alloc(200_000)), code('DISK_FULL'))
  assert.equal(readFileSync(`${directory}/file`, 'utf8'), 'old')
  assert.deepEqual(readdirSync(directory), ['file'])
})

test('a writer that is killed leaves the old or the new, and what is left beside is removed', () => {
  const directory = temporaryDirectory()
  const pid = startScript(`
    import { writeFileAtomic } from '${moduleUrl('atomic-file.ts')}'
    for (let i = 0; ; i = 1 - i) writeFileAtomic('${directory}/file', String(i).repeat(1 << 20))
  `)
  assert.ok(eventually(() => statSync(`${directory}/file`, { throwIfNoEntry: false }) !== undefined))
  native().kill(pid, 9)
  native().waitPid(pid, true)
  assert.match(readFileSync(`${directory}/file`, 'utf8'), /^(0{1048576}|1{1048576})$/)
  writeFileSync(`${directory}/.new-${pid}-999-file`, '')
  writeFileSync(`${directory}/.new-${process.pid}-999-file`, '')
  removeLeftovers(directory, (one) => one === process.pid)
  assert.deepEqual(readdirSync(directory).sort(), [`.new-${process.pid}-999-file`, 'file'])
})

test('JSON is read up to its limit', () => {
  const directory = temporaryDirectory()
  writeFileSync(`${directory}/good`, '{"a":1}')
  writeFileSync(`${directory}/bad`, '{"a":')
  writeFileSync(`${directory}/large`, '')
  truncateSync(`${directory}/large`, 2 ** 31)
  assert.deepEqual(readJsonFile(`${directory}/good`, { maxBytes: 7 }), { a: 1 })
  assert.throws(() => readJsonFile(`${directory}/good`, { maxBytes: 6 }), code('DOCUMENT_INVALID'))
  assert.throws(() => readJsonFile(`${directory}/bad`), code('DOCUMENT_INVALID'))
  assert.throws(() => readJsonFile(`${directory}/large`), code('DOCUMENT_INVALID'))
  assert.throws(() => readJsonFile(`${directory}/missing`), errno('ENOENT'))
})

test('files of /proc, whose size is 0, are read whole', () => {
  assert.deepEqual(readFileCapped('/proc/self/cmdline'), readFileSync('/proc/self/cmdline'))
  assert.throws(() => readFileCapped('/proc/kallsyms', 1000), code('DOCUMENT_INVALID'))
  assert.throws(() => readFileCapped('/proc/kallsyms', 100_000), code('DOCUMENT_INVALID'))
})
