import assert from 'node:assert/strict'
import {
  closeSync, existsSync, mkdirSync, mkdtempSync, openSync, readdirSync, readlinkSync, rmSync, symlinkSync, writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import { linux } from '../linux.ts'
import { openTarget } from './open-target.ts'

let base: string
let root: string

beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'rocket-target-'))
  root = join(base, 'root')
  mkdirSync(join(root, 'there'), { recursive: true })
  writeFileSync(join(root, 'file'), '')
  mkdirSync(join(base, 'canary'))
})

afterEach(() => rmSync(base, { recursive: true, force: true }))

/** Where the target is, as the kernel sees it. */
function locate(path: string, kind: 'directory' | 'file' = 'directory'): string {
  const fd = openSync(root, linux.O_PATH | linux.O_DIRECTORY)
  let target = -1
  try {
    target = openTarget(fd, path, kind)
    return readlinkSync(`/proc/self/fd/${target}`)
  } finally {
    if (target >= 0) closeSync(target)
    closeSync(fd)
    assert.deepEqual(readdirSync(join(base, 'canary')), [], 'nothing is made outside')
  }
}

for (const [path, kind, links, expected] of [
  ['/there', 'directory', {}, 'there'],
  ['/new/deep/er', 'directory', {}, 'new/deep/er'],
  ['/new/file', 'file', {}, 'new/file'],
  ['/file', 'file', {}, 'file'],
  ['/', 'directory', {}, ''],
  ['/abs/x', 'directory', { abs: '/there' }, 'there/x'],
  ['/climb/x', 'directory', { climb: '../../../../there' }, 'there/x'],
  ['/out/x', 'directory', { out: '/canary' }, 'canary/x'],
  ['/out/x', 'directory', { out: '../../canary' }, 'canary/x'],
  ['/a/x', 'directory', { a: 'b', b: '/c/d', c: 'there' }, 'there/d/x'],
  ['/dangling', 'file', { dangling: 'new/place' }, 'new/place'],
] as const) {
  test(`${path} with the links ${JSON.stringify(links)} is ${expected === '' ? 'the root' : expected} in the root`, () => {
    for (const [name, to] of Object.entries(links)) symlinkSync(to, join(root, name))
    assert.equal(locate(path, kind), expected === '' ? root : join(root, expected))
  })
}

for (
  const [path, kind, code] of [
    ['/file', 'directory', 'ENOTDIR'], ['/there', 'file', 'EISDIR'], ['/file/x', 'directory', 'ENOTDIR'], ['/loop/x', 'directory', 'ELOOP'],
    ['/self', 'file', 'ELOOP'],
  ] as const
) {
  test(`${path} as a ${kind} is refused with ${code}`, () => {
    symlinkSync('loop', join(root, 'loop'))
    symlinkSync('self/a', join(root, 'self'))
    assert.throws(() => locate(path, kind), { code })
  })
}

test('a way through /proc out of the root is not taken', () => {
  mkdirSync(join(root, 'proc'))
  symlinkSync('/proc/self/root/etc', join(root, 'magic'))
  locate('/magic/made')
  assert.ok(existsSync(join(root, 'proc/self/root/etc/made')), 'it is a directory like any other in the root')
})
