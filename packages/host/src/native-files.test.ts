import assert from 'node:assert/strict'
import { closeSync, fstatSync, lstatSync, mkdirSync, openSync, readFileSync, readlinkSync, symlinkSync, writeFileSync } from 'node:fs'
import { test } from 'node:test'
import fc from 'fast-check'
import { linux } from './linux.ts'
import { native } from './native.ts'
import { asRoot, errno, temporaryDirectory } from './testing/support.ts'

const sys = native()
const O_DIR = linux.O_PATH | linux.O_DIRECTORY | linux.O_CLOEXEC

function rootWithCanary(): { root: string; canary: string; dirfd: number } {
  const base = temporaryDirectory()
  const root = `${base}/root`
  const canary = `${base}/canary`
  mkdirSync(`${root}/etc`, { recursive: true })
  mkdirSync(canary)
  writeFileSync(`${canary}/secret`, 'secret')
  return { root, canary, dirfd: openSync(root, O_DIR) }
}

for (const [name, target, why] of [
  ['up', '../../canary', 'climbs by dots'],
  ['far-up', '../../../../../../../../../../tmp', 'climbs beyond the top'],
  ['absolute', '/canary', 'is absolute'],
  ['chain', 'etc/up/canary', 'goes through another link'],
] as const) {
  test(`a path through a link that ${why} stays in the root`, () => {
    const { root, dirfd } = rootWithCanary()
    symlinkSync('../..', `${root}/etc/up`)
    symlinkSync(target, `${root}/${name}`)
    for (const path of [`${name}/secret`, `/${name}/secret`, `etc/../${name}/secret`]) {
      assert.throws(() => sys.openat2(dirfd, path, linux.O_RDONLY, 0, linux.RESOLVE_IN_ROOT), errno('ENOENT'))
    }
    assert.throws(() => sys.openat2(dirfd, `${name}/new`, linux.O_CREAT | linux.O_WRONLY, 0o600, linux.RESOLVE_IN_ROOT), errno('ENOENT'))
    closeSync(dirfd)
  })
}

test('links, magic links and leaving are refused when asked for', () => {
  const { root, dirfd } = rootWithCanary()
  symlinkSync('etc', `${root}/link`)
  assert.throws(() => sys.openat2(dirfd, 'link', linux.O_PATH, 0, linux.RESOLVE_NO_SYMLINKS), errno('ELOOP'))
  assert.throws(() => sys.openat2(dirfd, '../canary', linux.O_PATH, 0, linux.RESOLVE_BENEATH), errno('EXDEV'))
  const proc = openSync('/proc', O_DIR)
  assert.throws(() => sys.openat2(proc, 'self/root', linux.O_PATH, 0, linux.RESOLVE_NO_MAGICLINKS), errno('ELOOP'))
  const top = openSync('/', O_DIR)
  assert.throws(() => sys.openat2(top, 'proc/self', linux.O_PATH, 0, linux.RESOLVE_NO_XDEV), errno('EXDEV'))
  for (const fd of [dirfd, proc, top]) closeSync(fd)
})

test('what a call opens is close-on-exec', () => {
  const { dirfd } = rootWithCanary()
  const fd = sys.openat2(dirfd, 'etc', linux.O_PATH, 0, 0)
  assert.match(readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8'), new RegExp(`flags:\\s+0?${(linux.O_CLOEXEC | linux.O_PATH).toString(8)}`))
  closeSync(fd)
  closeSync(dirfd)
})

test('names that are not UTF-8 are kept byte by byte', () => {
  const { dirfd } = rootWithCanary()
  const name = Buffer.from([0x66, 0xfc, 0x72, 0xff])
  sys.mkdirat(dirfd, name, 0o700)
  sys.symlinkat(name, dirfd, 'link')
  assert.deepEqual(sys.readlinkat(dirfd, 'link'), name)
  assert.equal(sys.fstatat(dirfd, name, 0).mode & linux.S_IFMT, linux.S_IFDIR)
  sys.unlinkat(dirfd, name, linux.AT_REMOVEDIR)
  assert.throws(() => sys.fstatat(dirfd, name, 0), errno('ENOENT'))
  closeSync(dirfd)
})

test('a name with NUL inside is refused, not cut', () => {
  const { root, dirfd } = rootWithCanary()
  for (const name of ['etc\0x', Buffer.from('etc\0x')]) {
    assert.throws(() => sys.unlinkat(dirfd, name, linux.AT_REMOVEDIR), errno('EINVAL'))
  }
  assert.ok(lstatSync(`${root}/etc`).isDirectory())
  assert.throws(() => sys.spawn('/bin/true', ['true\0'], [], { fds: [] }), errno('EINVAL'))
  closeSync(dirfd)
})

test('a failure carries code, errno, syscall and path', () => {
  assert.throws(() => sys.openat2(linux.AT_FDCWD, '/nowhere/at all', linux.O_PATH, 0, 0), {
    code: 'ENOENT', errno: -2, syscall: 'openat2', path: '/nowhere/at all', message: /^ENOENT: No such file or directory, openat2 '\/nowhere\/at all'$/,
  })
  assert.throws(() => sys.flock(987654, 1), { code: 'EBADF', syscall: 'flock' })
  assert.throws(() => (sys.mkdirat as (...args: unknown[]) => void)('x', 'y', 1), { name: 'TypeError' })
})

test('owner, mode and times of a link are set on the link', asRoot, () => {
  const { canary, dirfd } = rootWithCanary()
  sys.symlinkat(canary, dirfd, 'link')
  const before = lstatSync(canary)
  sys.fchownat(dirfd, 'link', 12, 34, linux.AT_SYMLINK_NOFOLLOW)
  sys.utimensat(dirfd, 'link', -1n, 1_234_567_890_123_456_789n, linux.AT_SYMLINK_NOFOLLOW)
  assert.throws(() => sys.fchmodat(dirfd, 'link', 0o777), errno('ENOTSUP'))
  const link = sys.fstatat(dirfd, 'link', linux.AT_SYMLINK_NOFOLLOW)
  assert.deepEqual([link.uid, link.gid, link.atimeNs, link.mtimeNs], [12, 34, -1n, 1_234_567_890_123_456_789n])
  const now = lstatSync(canary)
  assert.deepEqual([now.uid, now.mode, now.mtimeMs], [before.uid, before.mode, before.mtimeMs])
  closeSync(dirfd)
})

test('modes keep their special bits', () => {
  const { root, dirfd } = rootWithCanary()
  sys.fchmodat(dirfd, 'etc', 0o7751)
  assert.equal(lstatSync(`${root}/etc`).mode & 0o7777, 0o7751)
  closeSync(dirfd)
})

test('devices, pipes and sockets are made', asRoot, () => {
  const { dirfd } = rootWithCanary()
  for (const [name, type, major, minor] of [
    ['null', linux.S_IFCHR, 1, 3], ['disk', linux.S_IFBLK, 259, 70000], ['fifo', linux.S_IFIFO, 0, 0], ['socket', linux.S_IFSOCK, 0, 0],
  ] as const) {
    sys.mknodat(dirfd, name, type | 0o600, major, minor)
    const stat = sys.fstatat(dirfd, name, linux.AT_SYMLINK_NOFOLLOW)
    assert.deepEqual([stat.mode & linux.S_IFMT, stat.major, stat.minor], [type, major, minor], name)
  }
  closeSync(dirfd)
})

test('a rename keeps what is there, or changes places', () => {
  const { root, dirfd } = rootWithCanary()
  writeFileSync(`${root}/a`, 'a')
  writeFileSync(`${root}/b`, 'b')
  assert.throws(() => sys.renameat2(dirfd, 'a', dirfd, 'b', linux.RENAME_NOREPLACE), errno('EEXIST'))
  sys.renameat2(dirfd, 'a', dirfd, 'b', linux.RENAME_EXCHANGE)
  assert.equal(readFileSync(`${root}/a`, 'utf8') + readFileSync(`${root}/b`, 'utf8'), 'ba')
  sys.linkat(dirfd, 'a', dirfd, 'c', 0)
  assert.equal(lstatSync(`${root}/c`).nlink, 2)
  assert.equal(readlinkSync(`/proc/self/fd/${dirfd}`), root)
  closeSync(dirfd)
})

test('an extended attribute of any bytes comes back as it was', asRoot, () => {
  const path = `${temporaryDirectory()}/file`
  writeFileSync(path, '')
  const fd = openSync(path, 'r')
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), fc.boolean(), (bytes, byFd) => {
    const target = byFd ? fd : path
    sys.setXattr(target, 'trusted.rocket', Buffer.from(bytes))
    assert.deepEqual(sys.getXattr(byFd ? path : fd, 'trusted.rocket'), Buffer.from(bytes))
  }))
  const capability = Buffer.from('0100000200f5ffff0000000080000000ff000000', 'hex')
  sys.setXattr(fd, 'security.capability', capability)
  assert.deepEqual(sys.getXattr(path, 'security.capability'), capability)
  assert.deepEqual(sys.listXattrs(fd).map(String).sort(), ['security.capability', 'trusted.rocket'])
  sys.removeXattr(path, 'trusted.rocket')
  assert.equal(sys.getXattr(fd, 'trusted.rocket'), undefined)
  closeSync(fd)
})

test('attributes of a link are its own', asRoot, () => {
  const directory = temporaryDirectory()
  writeFileSync(`${directory}/file`, '')
  symlinkSync('file', `${directory}/link`)
  sys.setXattr(`${directory}/link`, 'trusted.of', Buffer.from('link'))
  assert.deepEqual(sys.listXattrs(`${directory}/file`), [])
  assert.equal(String(sys.getXattr(`${directory}/link`, 'trusted.of')), 'link')
})

test('descriptors are copied to where they are asked for', () => {
  const fd = openSync('/', 'r')
  assert.equal(sys.dup(fd, 200, true), 200)
  assert.equal(fstatSync(200).ino, fstatSync(fd).ino)
  assert.ok(sys.dup(fd, -1, true) > 2)
  closeSync(200)
  closeSync(fd)
})
