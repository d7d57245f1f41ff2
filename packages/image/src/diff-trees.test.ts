import assert from 'node:assert/strict'
import { chmodSync, chownSync, linkSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { linux, native, opaqueAttribute } from '@rocket/host'
import { copyTree } from './copy-tree.ts'
import { diffTrees } from './diff-trees.ts'

const asRoot = process.geteuid?.() === 0 ? {} : { skip: 'needs root: it makes devices and gives files away' }

function scratch(t: TestContext): (name: string) => string {
  const directory = mkdtempSync(join(tmpdir(), 'rocket-diff-'))
  t.after(() => rmSync(directory, { recursive: true, force: true }))
  return (name) => join(directory, name)
}

/** One line for each difference. */
function lines(...trees: [string | string[], string | string[]]): string[] {
  return [...diffTrees(...trees)].map((difference) => [
    difference.kind, difference.path, difference.type,
    ...(difference.kind === 'changed' ? difference.changes.map(({ what, from, to }) => (from === to ? what : `${what} ${from}>${to}`)) : []),
  ].join(' '))
}

test('names what was added, removed and changed, in the order of a walk', asRoot, (t) => {
  const at = scratch(t)
  mkdirSync(at('one/a'), { recursive: true })
  writeFileSync(at('one/a/b'), 'same')
  writeFileSync(at('one/a-b'), 'old')
  writeFileSync(at('one/mode'), '', { mode: 0o644 })
  writeFileSync(at('one/owner'), '')
  writeFileSync(at('one/size'), '1')
  writeFileSync(at('one/kind'), '')
  symlinkSync('x', at('one/link'))
  copyTree(at('one'), at('two'))
  assert.deepEqual(lines(at('one'), at('two')), [])
  rmSync(at('two/a'), { recursive: true })
  writeFileSync(at('two/a-b'), 'new')
  chmodSync(at('two/mode'), 0o4755)
  chownSync(at('two/owner'), 7, 8)
  writeFileSync(at('two/size'), '12')
  rmSync(at('two/kind'))
  mkdirSync(at('two/kind'), { mode: 0o755 })
  rmSync(at('two/link'))
  symlinkSync('y', at('two/link'))
  writeFileSync(at('two/new'), '')
  native().setXattr(at('two/size'), 'user.x', Buffer.from('1'))
  assert.deepEqual(lines(at('one'), at('two')), [
    'removed a directory', 'removed a/b file', 'changed a-b file content', 'changed kind directory type file>directory mode 0644>0755',
    'changed link symlink target x>y', 'changed mode file mode 0644>4755', 'added new file', 'changed owner file owner 0:0>7:8',
    'changed size file xattrs >user.x=31 size 1>2',
  ])
})

test('several trees count as their overlay: deleted names, opaque directories, looks of the topmost', asRoot, (t) => {
  const at = scratch(t)
  for (const path of ['low/dir', 'low/gone', 'low/hidden/deep', 'up/dir', 'up/hidden']) mkdirSync(at(path), { recursive: true })
  writeFileSync(at('low/dir/kept'), 'k')
  writeFileSync(at('low/dir/covered'), 'low')
  writeFileSync(at('up/dir/covered'), 'up!')
  chmodSync(at('up/dir'), 0o700)
  native().mknodat(linux.AT_FDCWD, at('up/gone'), linux.S_IFCHR, 0, 0)
  native().setXattr(at('up/hidden'), opaqueAttribute, Buffer.from('y'))
  assert.deepEqual(lines(at('low'), [at('low'), at('up')]), [
    'changed dir directory mode 0755>0700', 'changed dir/covered file content', 'removed gone directory', 'removed hidden/deep directory',
  ])
})

test('a second name of a file stays a second name in a copy', (t) => {
  const at = scratch(t)
  mkdirSync(at('one'))
  writeFileSync(at('one/a'), 'x')
  linkSync(at('one/a'), at('one/b'))
  copyTree(at('one'), at('two'))
  assert.deepEqual(lines(at('one'), at('two')), [])
  rmSync(at('two/b'))
  writeFileSync(at('two/b'), 'x')
  assert.deepEqual(lines(at('one'), at('two')), ['changed b file type hardlink>file target a> size 0>1'])
})
