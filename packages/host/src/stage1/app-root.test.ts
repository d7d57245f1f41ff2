import assert from 'node:assert/strict'
import {
  chmodSync, existsSync, linkSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, statSync,
  symlinkSync, utimesSync, writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, before, beforeEach, test } from 'node:test'
import { isRocketError } from '@rocket/contracts'
import { enterPrivateMountNamespace } from '../mount.ts'
import { native } from '../native.ts'
import { makeAppRoot, unmountAppRoot } from './make-app-root.ts'
import type { AppRoot } from './plan-app-root.ts'
import { prepareAppRoot, rootHasFile } from './prepare-app-root.ts'

const skip = process.getuid?.() === 0 ? false : 'mounts need root'
let base: string

before(() => {
  if (skip === false) enterPrivateMountNamespace()
})

beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'rocket-app-root-'))
  for (const [file, text] of [['bottom/etc/a', 'a'], ['bottom/etc/b', 'b'], ['top/etc/b', 'other'], ['top/c', 'c']] as const) {
    mkdirSync(join(base, file, '..'), { recursive: true })
    writeFileSync(join(base, file), text)
  }
  chmodSync(join(base, 'top'), 0o711)
})

afterEach(() => {
  unmountAppRoot(join(base, 'pod/root'))
  rmSync(base, { recursive: true, force: true })
})

function rootOf(kind: AppRoot['kind'], trees: string[] = ['bottom', 'top']): AppRoot {
  return { kind, base, trees, target: join(base, 'pod/root'), upper: join(base, 'pod/upper'), work: join(base, 'pod/work') }
}

test('an overlay shows the trees, keeps what is written in the upper layer, and has the mode of the topmost tree', { skip }, () => {
  const root = rootOf('overlay')
  makeAppRoot(root)
  assert.equal(statSync(root.target).mode & 0o7777, 0o711)
  assert.equal(readFileSync(join(root.target, 'etc/b'), 'utf8'), 'other')
  writeFileSync(join(root.target, 'mine'), '')
  unmountAppRoot(root.target)
  assert.deepEqual(readdirSync(root.target), [])
  makeAppRoot(root)
  assert.deepEqual(readdirSync(root.target).sort(), ['c', 'etc', 'mine'])
})

test('a copy of one tree keeps links, modes, times and attributes, and is made once', { skip }, () => {
  linkSync(join(base, 'bottom/etc/a'), join(base, 'bottom/hard'))
  symlinkSync('/nowhere', join(base, 'bottom/soft'))
  native().setXattr(join(base, 'bottom/etc/a'), 'user.mine', Buffer.from([0x80, 0]))
  utimesSync(join(base, 'bottom/etc/a'), 1, 2)
  const root = rootOf('copy', ['bottom'])
  makeAppRoot(root)
  assert.equal(lstatSync(join(root.target, 'hard')).ino, lstatSync(join(root.target, 'etc/a')).ino)
  assert.equal(readlinkSync(join(root.target, 'soft')), '/nowhere')
  assert.equal(lstatSync(join(root.target, 'etc/a')).mtimeMs, 2000)
  assert.deepEqual(native().getXattr(join(root.target, 'etc/a'), 'user.mine'), Buffer.from([0x80, 0]))
  writeFileSync(join(root.target, 'mine'), '')
  makeAppRoot(root)
  assert.ok(existsSync(join(root.target, 'mine')))
})

test('a copy of several trees is what their overlay shows', { skip }, () => {
  native().mknodat(-100, join(base, 'top/etc/a'), 0o020000, 0, 0)
  makeAppRoot(rootOf('copy'))
  assert.deepEqual(readdirSync(join(base, 'pod/root/etc')), ['b'])
  assert.deepEqual(readdirSync(join(base, 'pod')), ['root'])
})

test('a copy that was cut short is not taken for a whole one', { skip }, () => {
  mkdirSync(join(base, 'pod/root.new/half'), { recursive: true })
  makeAppRoot(rootOf('copy', ['bottom']))
  assert.deepEqual(readdirSync(join(base, 'pod/root')), ['etc'])
})

for (const trees of [[], ['gone'], ['top/c']]) {
  test(`a root of ${JSON.stringify(trees)} is refused`, () => {
    assert.throws(() => makeAppRoot(rootOf('overlay', trees)), (error) => isRocketError(error, 'APP_ROOT_FAILED'))
  })
}

test('missing directories are added, and no link of the image is followed', () => {
  const [root, canary] = [join(base, 'bottom'), join(base, 'canary')]
  mkdirSync(canary)
  symlinkSync(canary, join(root, 'tmp'))
  symlinkSync('/nowhere', join(root, 'run'))
  prepareAppRoot(root)
  assert.deepEqual(readdirSync(root).sort(), ['dev', 'etc', 'proc', 'run', 'sys', 'tmp'])
  assert.equal(readlinkSync(join(root, 'etc/mtab')), '../proc/self/mounts')
  assert.deepEqual([readdirSync(canary), readlinkSync(join(root, 'tmp'))], [[], canary])
  prepareAppRoot(root)
})

test('with /etc a link out of the root nothing is made below it', () => {
  const canary = join(base, 'canary')
  mkdirSync(canary)
  rmSync(join(base, 'bottom/etc'), { recursive: true })
  symlinkSync(canary, join(base, 'bottom/etc'))
  prepareAppRoot(join(base, 'bottom'))
  assert.deepEqual(readdirSync(canary), [])
})

test('whether a root has a file is told from its layers, deleted ones and links counted', { skip }, () => {
  const root = rootOf('overlay')
  assert.deepEqual(
    ['/etc/a', '/etc/b', '/c', '/etc/none', '/none/at/all'].map((path) => rootHasFile(root, path)), [true, true, true, false, false]
  )
  native().mknodat(-100, join(base, 'top/etc/a'), 0o020000, 0, 0)
  assert.equal(rootHasFile(root, '/etc/a'), false)
  mkdirSync(join(root.upper, 'etc'), { recursive: true })
  writeFileSync(join(root.upper, 'etc/a'), '')
  assert.equal(rootHasFile(root, '/etc/a'), true)
  symlinkSync('/elsewhere', join(base, 'top/link'))
  assert.equal(rootHasFile(root, '/link/file'), true)
})
