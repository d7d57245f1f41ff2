import assert from 'node:assert/strict'
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { test } from 'node:test'
import { isErrno } from '@rocket/contracts'
import { enterPrivateMountNamespace, mountFileSystem } from './mount.ts'
import { native } from './native.ts'
import { ReservedFile } from './reserved-file.ts'
import { asRoot, code, moduleUrl, startScript, temporaryDirectory } from './testing/support.ts'

/** A file system of 64 KiB, seen by this process alone. */
function smallDisk(): string {
  const directory = temporaryDirectory()
  enterPrivateMountNamespace()
  mountFileSystem('tmpfs', directory, { data: 'size=64k' })
  return directory
}

function fill(directory: string): void {
  for (let serial = 0; ; serial++) {
    try {
      writeFileSync(`${directory}/fill-${serial}`, Buffer.alloc(4096))
    } catch (error) {
      if (isErrno(error, 'ENOSPC')) return
      throw error
    }
  }
}

test('a file is replaced on a full disk as often as room was reserved for, whoever takes what comes free', asRoot, () => {
  const directory = smallDisk()
  const path = `${directory}/file`
  writeFileSync(path, 'first')
  const file = new ReservedFile(path, { times: 2, mode: 0o640 })
  for (const text of ['second', 'third']) {
    fill(directory)
    file.replace(text)
    assert.equal(readFileSync(path, 'utf8'), text)
  }
  fill(directory)
  assert.throws(() => file.replace('fourth'), code('DISK_FULL'))
  assert.equal(readFileSync(path, 'utf8'), 'third')
  assert.equal(statSync(path).mode & 0o777, 0o640)
  assert.deepEqual(readdirSync(directory).filter((name) => !name.startsWith('fill-')), ['file'])
})

test('what is longer than what was reserved needs room, and leaves the old content without', asRoot, () => {
  const directory = smallDisk()
  const path = `${directory}/file`
  const long = 'x'.repeat(9000)
  new ReservedFile(path, { times: 1, mode: 0o640 }).replace(long)
  assert.equal(readFileSync(path, 'utf8'), long)
  const file = new ReservedFile(path, { times: 1, mode: 0o640 })
  fill(directory)
  assert.throws(() => file.replace(`${long}more`), code('DISK_FULL'))
  assert.equal(readFileSync(path, 'utf8'), long)
  assert.deepEqual(readdirSync(directory).filter((name) => !name.startsWith('fill-')), ['file'])
})

test('a full disk is told when room is reserved, and none is kept', asRoot, () => {
  const directory = smallDisk()
  assert.throws(() => new ReservedFile(`${directory}/file`, { times: 100, mode: 0o640 }), code('DISK_FULL'))
  assert.deepEqual(readdirSync(directory), [])
})

test('replaces as often as one likes while there is room, and gives back what was not used', () => {
  const directory = temporaryDirectory()
  const file = new ReservedFile(`${directory}/file`, { times: 3, mode: 0o640 })
  file.replace('one')
  file.release()
  for (const text of ['two', 'three']) file.replace(text)
  assert.equal(readFileSync(`${directory}/file`, 'utf8'), 'three')
  assert.deepEqual(readdirSync(directory), ['file'])
  rmSync(`${directory}/file`)
})

test('a reader never sees a part', () => {
  const path = `${temporaryDirectory()}/file`
  writeFileSync(path, 'a'.repeat(4000))
  const pid = startScript(`
    import { ReservedFile } from '${moduleUrl('reserved-file.ts')}'
    for (;;) {
      const file = new ReservedFile('${path}', { times: 2, mode: 0o640 })
      for (const letter of ['a', 'b']) file.replace(letter.repeat(4000))
    }
  `)
  const seen = new Set<string>()
  for (const deadline = performance.now() + 10_000; performance.now() < deadline && seen.size < 2;) seen.add(readFileSync(path, 'utf8'))
  for (let count = 0; count < 5000; count++) seen.add(readFileSync(path, 'utf8'))
  native().kill(pid, 9)
  native().waitPid(pid, true)
  assert.deepEqual([...seen].sort(), ['a'.repeat(4000), 'b'.repeat(4000)])
})
