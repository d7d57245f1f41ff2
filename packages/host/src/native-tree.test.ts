import assert from 'node:assert/strict'
import { chmodSync, chownSync, closeSync, lstatSync, mkdirSync, openSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { test } from 'node:test'
import { linux } from './linux.ts'
import { native } from './native.ts'
import { asRoot, errno, temporaryDirectory } from './testing/support.ts'

const sys = native()
const time = 1_234_567_890_123_456_789n

function openRoot(): { root: string; dirfd: number } {
  const root = temporaryDirectory()
  return { root, dirfd: openSync(root, linux.O_PATH | linux.O_DIRECTORY) }
}

function looks(path: string): unknown[] {
  const { mode, uid, gid, mtimeNs } = sys.fstatat(linux.AT_FDCWD, path, linux.AT_SYMLINK_NOFOLLOW)
  return [(mode & 0o7777).toString(8), uid, gid, mtimeNs]
}

for (const [umask, parent] of [[0o022, 0o700], [0o077, 0o700], [0, 0o2770]] as const) {
  test(`files and directories are as they were asked for, under umask ${umask.toString(8)} in a directory of mode ${parent.toString(8)}`, asRoot, (t) => {
    const { root, dirfd } = openRoot()
    chownSync(root, 0, 50)
    chmodSync(root, parent)
    const before = process.umask(umask)
    t.after(() => process.umask(before))
    for (const [name, mode, uid, gid] of [['plain', 0o644, 0, 0], ['open', 0o666, 7, 8], ['setuid', 0o4755, 7, 8], ['closed', 0, 0, 50], ['sticky', 0o3777, 0, 50]] as const) {
      sys.createFile(dirfd, name, Buffer.from(name), mode, uid, gid, time)
      assert.deepEqual(looks(`${root}/${name}`), [mode.toString(8), uid, gid, time], name)
      assert.equal(readFileSync(`${root}/${name}`, 'utf8'), name)
      assert.equal(sys.createDirectory(dirfd, `${name}.d`, mode | 0o700, uid, gid), true)
      assert.equal(sys.settleDirectory(dirfd, `${name}.d`, mode, time), true)
      assert.deepEqual(looks(`${root}/${name}.d`), [mode.toString(8), uid, gid, time], `${name}.d`)
    }
    closeSync(dirfd)
  })
}

test('a large file is written whole, an empty one is empty', () => {
  const { root, dirfd } = openRoot()
  const content = Buffer.from(Array.from({ length: 3_000_000 }, (_, index) => index & 255))
  sys.createFile(dirfd, 'large', content, 0o600, -1, -1, 0n)
  sys.createFile(dirfd, 'empty', Buffer.alloc(0), 0o600, -1, -1, 0n)
  assert.ok(readFileSync(`${root}/large`).equals(content))
  assert.equal(lstatSync(`${root}/empty`).size, 0)
  closeSync(dirfd)
})

test('what is there is neither followed nor changed', () => {
  const { root, dirfd } = openRoot()
  writeFileSync(`${root}/file`, 'kept')
  mkdirSync(`${root}/directory`, { mode: 0o750 })
  symlinkSync('file', `${root}/link`)
  symlinkSync('nowhere', `${root}/dangling`)
  for (const name of ['file', 'directory', 'link', 'dangling']) {
    assert.throws(() => sys.createFile(dirfd, name, Buffer.from('new'), 0o600, -1, -1, 0n), errno('EEXIST'), name)
    assert.equal(sys.createDirectory(dirfd, name, 0o700, -1, -1), false, name)
    if (name !== 'directory') assert.equal(sys.settleDirectory(dirfd, name, 0o777, 1n), false, name)
  }
  assert.equal(sys.settleDirectory(dirfd, 'nothing', 0o777, 1n), false)
  assert.equal(readFileSync(`${root}/file`, 'utf8'), 'kept')
  assert.equal(lstatSync(`${root}/directory`).mode & 0o777, 0o750)
  closeSync(dirfd)
})

test('names are single ones: a path through a link or out of the directory is refused', () => {
  const { root, dirfd } = openRoot()
  mkdirSync(`${root}/in`)
  symlinkSync('in', `${root}/link`)
  for (const [name, code] of [['link/x', 'ELOOP'], ['../x', 'EXDEV'], [`${root}/x`, 'EXDEV']] as const) {
    assert.throws(() => sys.createFile(dirfd, name, Buffer.alloc(0), 0o600, -1, -1, 0n), errno(code), name)
  }
  closeSync(dirfd)
})

test('a failure tells the call that failed', { ...asRoot }, () => {
  const proc = openSync('/proc/self/fd', linux.O_PATH | linux.O_DIRECTORY)
  assert.throws(() => sys.createFile(proc, 'x', Buffer.alloc(0), 0o600, -1, -1, 0n), { syscall: 'openat2' })
  assert.throws(() => sys.createDirectory(proc, 'x', 0o700, -1, -1), { syscall: 'mkdirat', path: 'x' })
  closeSync(proc)
})

test('what is not there is told by -1, and everything else thrown', () => {
  const { root, dirfd } = openRoot()
  writeFileSync(`${root}/file`, '')
  assert.equal(sys.openIfThere(dirfd, 'nothing', linux.O_PATH, 0, 0), -1)
  assert.equal(sys.openIfThere(dirfd, 'no/thing', linux.O_PATH, 0, 0), -1)
  assert.throws(() => sys.openIfThere(dirfd, 'file/x', linux.O_PATH, 0, 0), errno('ENOTDIR'))
  closeSync(sys.openIfThere(dirfd, 'file', linux.O_PATH, 0, 0))
  closeSync(dirfd)
})
