import assert from 'node:assert/strict'
import { lstatSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { test } from 'node:test'
import { linux } from './linux.ts'
import { native } from './native.ts'
import { isOpaque, isOverlayAttribute, isWhiteout, opaqueAttribute } from './overlay-marks.ts'
import { asRoot, temporaryDirectory } from './testing/support.ts'

test('a whiteout is a character device 0:0, whoever looks', asRoot, () => {
  const directory = temporaryDirectory()
  writeFileSync(`${directory}/file`, '')
  symlinkSync('gone', `${directory}/link`)
  native().mknodat(linux.AT_FDCWD, `${directory}/gone`, linux.S_IFCHR | 0o600, 0, 0)
  native().mknodat(linux.AT_FDCWD, `${directory}/null`, linux.S_IFCHR | 0o600, 1, 3)
  native().mknodat(linux.AT_FDCWD, `${directory}/block`, linux.S_IFBLK | 0o600, 0, 0)
  for (const [name, expected] of [['gone', true], ['null', false], ['block', false], ['file', false], ['link', false]] as const) {
    const path = `${directory}/${name}`
    assert.equal(isWhiteout(lstatSync(path)), expected, name)
    assert.equal(isWhiteout(native().fstatat(linux.AT_FDCWD, path, linux.AT_SYMLINK_NOFOLLOW)), expected, name)
  }
})

test('an opaque directory is one that says so', asRoot, () => {
  const directory = temporaryDirectory()
  for (const name of ['plain', 'opaque', 'other']) mkdirSync(`${directory}/${name}`)
  native().setXattr(`${directory}/opaque`, opaqueAttribute, Buffer.from('y'))
  native().setXattr(`${directory}/other`, opaqueAttribute, Buffer.from('n'))
  assert.deepEqual(['plain', 'opaque', 'other'].map((name) => isOpaque(`${directory}/${name}`)), [false, true, false])
  assert.equal(isOpaque('/proc'), false, 'a file system without attributes')
})

test('instructions for overlayfs are told from other attributes', () => {
  const names = ['trusted.overlay.opaque', 'user.overlay.redirect', 'trusted.overlay', 'user.overlayed', 'security.capability', 'user.x.overlay.y']
  assert.deepEqual(names.map(isOverlayAttribute), [true, true, true, false, false, false])
})
