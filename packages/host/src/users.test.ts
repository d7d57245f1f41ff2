import assert from 'node:assert/strict'
import { mkdirSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { test } from 'node:test'
import { linux } from './linux.ts'
import { native } from './native.ts'
import { readFileInRoot } from './read-in-root.ts'
import { code, temporaryDirectory } from './testing/support.ts'
import { findGroup, findUser, findUserById, groupsOfUser, maxUserFileBytes, parseId } from './users.ts'

const passwd = Buffer.from([
  'root:x:0:0:root:/root:/bin/sh', 'app:x:1000:1001:An App,,,:/home/app:/bin/false', '1234:x:7:7::/:', 'short:x:1:1', 'bad:x:-1:0::/:',
  'wrap:x:4294967296:0::/:', 'blank:x::0::/:', 'hex:x:0x0:0::/:', 'app:x:5:5::/:', ':x:9:9::/:', '',
].join('\n'))
const group = Buffer.from('root:x:0:\nwheel:x:10:root,app\napps:x:1001:\nextra:x:20:app\nagain:x:20:app\nbad:x:99999999999:app\n')

test('users are found by name and by number; the first of a name counts', () => {
  assert.deepEqual(findUser(passwd, 'app'), { name: 'app', uid: 1000, gid: 1001, home: '/home/app', shell: '/bin/false' })
  assert.equal(findUserById(passwd, 1000)?.name, 'app')
  assert.equal(findUser(passwd, '1234')?.uid, 7)
  assert.equal(findUserById(passwd, 3), undefined)
})

for (const name of ['short', 'bad', 'wrap', 'blank', 'hex', '', 'absent', '__proto__']) {
  test(`user ${JSON.stringify(name)} is no user, and not user 0`, () => assert.equal(findUser(passwd, name), undefined))
}

test('groups and memberships are found', () => {
  assert.deepEqual(findGroup(group, 'wheel'), { name: 'wheel', gid: 10, members: ['root', 'app'] })
  assert.deepEqual(groupsOfUser(group, 'app'), [10, 20])
  assert.equal(findGroup(group, 'bad'), undefined)
})

for (const [text, id] of [
  ['0', 0], ['65534', 65534], ['4294967294', 4294967294], ['007', 7],
  ['4294967295', undefined], ['4294967296', undefined], ['99999999999', undefined], ['-1', undefined], ['+0', undefined], ['0x0', undefined],
  ['1e3', undefined], ['', undefined], [' 1', undefined], ['1\n', undefined], ['٣', undefined],
] as const) {
  test(`the number ${JSON.stringify(text)} is ${id}`, () => assert.equal(parseId(text), id))
}

test('a file that is too large is refused, not searched', () => {
  assert.throws(() => findUser(Buffer.alloc(maxUserFileBytes + 1, 'root:x:0:0::/:\n'), 'nobody'), code('USER_FILE_INVALID'))
})

test('a line with very many members is read within bounds', () => {
  const long = Buffer.from(`many:x:5:${Array.from({ length: 100_000 }, (_, index) => `u${index}`).join()}\n`)
  assert.equal(findGroup(long, 'many')?.members.length, 100_000)
})

test('a passwd file of an image is read inside its root, and only when it is a file', () => {
  const base = temporaryDirectory()
  const root = `${base}/root`
  mkdirSync(`${root}/etc`, { recursive: true })
  writeFileSync(`${base}/secret`, 'host')
  const read = (path: string): string | undefined => readFileInRoot(root, path, 1000)?.toString()
  writeFileSync(`${root}/etc/real`, 'image')
  symlinkSync('/etc/real', `${root}/etc/absolute`)
  symlinkSync('../../secret', `${root}/etc/up`)
  symlinkSync(`${base}/secret`, `${root}/etc/out`)
  symlinkSync('loop', `${root}/etc/loop`)
  assert.deepEqual(['etc/real', '/etc/absolute', 'etc/up', 'etc/out', 'etc/none', 'none/real', 'etc/real/below'].map(read), ['image', 'image', ...Array.from({ length: 5 }, () => undefined)])
  native().mknodat(linux.AT_FDCWD, `${root}/etc/fifo`, linux.S_IFIFO | 0o600, 0, 0)
  writeFileSync(`${root}/etc/huge`, '')
  truncateSync(`${root}/etc/huge`, 2 ** 31)
  for (const path of ['etc/fifo', 'etc', 'etc/huge']) assert.throws(() => read(path), code('DOCUMENT_INVALID'))
  assert.throws(() => read('etc/loop'), { code: 'ELOOP' })
})
