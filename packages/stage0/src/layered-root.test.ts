import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { LayeredRoot } from './layered-root.ts'
import { program, writeTree, type Tree } from './testing/fixture.ts'

const base = mkdtempSync(join(tmpdir(), 'rocket-layers-'))
after(() => rmSync(base, { recursive: true, force: true }))
const root = process.getuid?.() === 0

test('shows what a real overlay of the same trees shows', { skip: root ? false : 'mounting needs root' }, () => {
  const child = join(import.meta.dirname, 'testing/compare-with-overlay.ts')
  const ran = spawnSync('unshare', ['-m', '--propagation', 'private', process.execPath, child, join(base, 'overlay')], { encoding: 'utf8' })
  assert.equal(ran.status, 0, ran.stdout + ran.stderr)
})

test('a layer above hides, replaces and merges', () => {
  const trees = layers('merge', { 'etc/a': 'low', 'etc/b': 'low', 'd/x': 'low', f: 'low' }, {
    'etc/b': 'top', 'etc/c': 'top', d: 'no directory now', 'f/y': 'top',
  })
  const layered = new LayeredRoot(trees)
  assert.equal(layered.readFile('/etc/a', 100)?.toString(), 'low')
  assert.equal(layered.readFile('/etc/b', 100)?.toString(), 'top')
  assert.deepEqual(layered.list('/etc'), ['a', 'b', 'c'])
  assert.equal(layered.find('/d')?.type, 'file')
  assert.equal(layered.find('/d/x'), undefined)
  assert.deepEqual(layered.list('/f'), ['y'])
  layered.close()
})

test('links are resolved inside the root, however they climb', () => {
  const [tree = ''] = layers('links', {
    'usr/bin/tool': program, bin: { link: '/usr/bin' }, up: { link: '../../../..' }, 'a/b': { link: '../../../../usr' },
    loop: { link: 'loop' }, host: { link: '/etc/hostname' },
  })
  const layered = new LayeredRoot([tree])
  assert.equal(layered.find('/bin/tool')?.path, '/usr/bin/tool')
  assert.equal(layered.find('/up/bin/tool')?.path, '/usr/bin/tool')
  assert.equal(layered.find('/a/b/bin/tool')?.path, '/usr/bin/tool')
  assert.equal(layered.find('/host'), undefined, 'the file of this machine is not seen')
  assert.equal(layered.find('/loop'), undefined)
  assert.equal(layered.find('/loop', { follow: false })?.type, 'link')
  assert.equal(layered.resolve('/bin/../new/deep'), '/usr/new/deep')
  assert.equal(layered.resolve('/host/below'), '/etc/hostname/below')
  assert.throws(() => layered.resolve('/loop'), { code: 'MOUNT_TARGET_INVALID' })
  assert.throws(() => layered.resolve('/bin/tool/below'), { code: 'MOUNT_TARGET_INVALID' })
  layered.close()
})

test('volumes cover what lies below them, and their links stay inside the root', () => {
  const [tree = ''] = layers('volumes', { 'data/own': 'image', 'usr/bin/tool': program })
  const source = join(base, 'source')
  writeTree(source, { theirs: 'volume', tool: { link: '/usr/bin/tool' }, escape: { link: '/etc/hostname' } })
  const layered = new LayeredRoot([tree])
  layered.mount('/data', source)
  layered.mount('/new/deep', undefined)
  layered.mount('/data/file', join(source, 'theirs'))
  assert.equal(layered.find('/data/own'), undefined)
  assert.equal(layered.find('/data/theirs')?.type, 'file')
  assert.equal(layered.find('/data/tool')?.path, '/usr/bin/tool')
  assert.equal(layered.find('/data/escape'), undefined)
  assert.equal(layered.find('/data/file')?.sizeBytes, 6)
  assert.equal(layered.find('/new')?.type, 'directory', 'made for the mount below it')
  assert.equal(layered.find('/new/deep')?.type, 'directory')
  assert.equal(layered.find('/new/deep/x'), undefined)
  layered.close()
})

test('U19: only regular files of a bounded size are read', () => {
  const [tree = ''] = layers('u19', { 'etc/group': { link: '/etc/passwd' }, 'etc/passwd': 'x'.repeat(10) })
  symlinkSync('/etc/hostname', join(tree, 'etc/outside'))
  spawnSync('mkfifo', [join(tree, 'etc/fifo')])
  mkdirSync(join(tree, 'etc/directory'))
  writeFileSync(join(tree, 'etc/huge'), '')
  truncateSync(join(tree, 'etc/huge'), 2 ** 31)
  const layered = new LayeredRoot([tree])
  assert.equal(layered.readFile('/etc/group', 10)?.length, 10, 'a link in the root is followed')
  assert.equal(layered.readFile('/etc/outside', 10), undefined)
  assert.equal(layered.readFile('/etc/absent', 10), undefined)
  for (const name of ['fifo', 'directory', 'huge']) assert.throws(
    () => layered.readFile(`/etc/${name}`, 1 << 20), { code: 'IMAGE_FILE_UNREADABLE' }, name,
  )
  assert.throws(() => layered.readFile('/etc/passwd', 9), { code: 'IMAGE_FILE_UNREADABLE' })
  layered.close()
})

test('a tree that is not there, or a link that leads nowhere, is said to be missing', () => {
  symlinkSync(join(base, 'none'), join(base, 'link'))
  for (const tree of [join(base, 'none'), join(base, 'link')]) assert.throws(() => new LayeredRoot([tree]), { code: 'IMAGE_TREE_MISSING' })
  assert.throws(() => new LayeredRoot([]), { code: 'IMAGE_TREE_MISSING' })
})

function layers(name: string, ...trees: Tree[]): string[] {
  return trees.map((tree, index) => {
    const directory = join(base, name, String(index))
    writeTree(directory, tree)
    return directory
  })
}
