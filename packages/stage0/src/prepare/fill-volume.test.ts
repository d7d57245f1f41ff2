import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import {
  chmodSync, chownSync, lchownSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, utimesSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { linux, native } from '@rocket/host'
import { writeTree } from '../testing/fixture.ts'
import { fillVolume } from './fill-volume.ts'

const base = mkdtempSync(join(tmpdir(), 'rocket-fill-'))
after(() => rmSync(base, { recursive: true, force: true }))

test('a volume begins with what the image shows at its place', { skip: process.getuid?.() === 0 ? false : 'owners and marks need root' }, () => {
  const [low, top] = [join(base, 'low'), join(base, 'top')]
  writeTree(low, {
    'data/kept': 'low', 'data/changed': 'low', 'data/gone': 'low', 'data/dir/deep/file': 'low', 'data/hidden/old': 'low',
    store: { link: 'data' },
  })
  writeTree(top, { 'data/changed': 'top', 'data/hidden/new': 'top', 'data/link': { link: '/outside' }, 'data/dir/new': 'top' })
  native().mknodat(linux.AT_FDCWD, join(top, 'data/gone'), 0o020000, 0, 0)
  native().mknodat(linux.AT_FDCWD, join(top, 'data/null'), 0o020666, 1, 3)
  native().setXattr(join(top, 'data/hidden'), 'trusted.overlay.opaque', Buffer.from('y'))
  native().setXattr(join(low, 'data/dir/deep'), 'trusted.mine', Buffer.of(0, 255))
  spawnSync('mkfifo', [join(top, 'data/fifo')])
  chownSync(join(low, 'data/dir/deep/file'), 80, 81)
  chmodSync(join(low, 'data/dir/deep/file'), 0o4751)
  lchownSync(join(top, 'data/link'), 80, 81)
  utimesSync(join(low, 'data/dir/deep'), 1000, 2000)

  const volume = join(base, 'volume')
  mkdirSync(volume)
  fillVolume([low, top], '/store', volume)

  assert.deepEqual(readdirSync(volume).sort(), ['changed', 'dir', 'hidden', 'kept', 'link'])
  assert.deepEqual([readFileSync(join(volume, 'kept'), 'utf8'), readFileSync(join(volume, 'changed'), 'utf8')], ['low', 'top'])
  assert.deepEqual(readdirSync(join(volume, 'hidden')), ['new'])
  assert.deepEqual(readdirSync(join(volume, 'dir')).sort(), ['deep', 'new'])
  assert.equal(readlinkSync(join(volume, 'link')), '/outside')
  assert.equal(lstatSync(join(volume, 'link')).uid, 80)
  const file = lstatSync(join(volume, 'dir/deep/file'))
  assert.deepEqual([file.uid, file.gid, file.mode & 0o7777], [80, 81, 0o4751])
  assert.equal(lstatSync(join(volume, 'dir/deep')).mtimeMs, 2_000_000)
  assert.deepEqual(native().getXattr(join(volume, 'dir/deep'), 'trusted.mine'), Buffer.of(0, 255))
  assert.equal(native().getXattr(join(volume, 'hidden'), 'trusted.overlay.opaque'), undefined)
})
