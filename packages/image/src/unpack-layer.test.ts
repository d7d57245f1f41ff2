import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { closeSync, existsSync, lstatSync, mkdirSync, openSync, readFileSync, readlinkSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { gzipSync } from 'node:zlib'
import { linux, native } from '@rocket/host'
import { describeTree, makeStage, type Stage } from './testing/canary.ts'
import { hasCode } from './testing/has-code.ts'
import { type EntrySpec, inPieces, makeTar } from './testing/make-tar.ts'
import { type UnpackedLayer, unpackLayer, type UnpackOptions } from './unpack-layer.ts'

const asRoot = process.geteuid?.() === 0 ? {} : { skip: 'needs root: it makes owners and devices' }

function stageFor(t: TestContext): Stage {
  const stage = makeStage()
  t.after(() => stage.remove())
  return stage
}

function unpack(stage: Stage, specs: readonly (EntrySpec | Buffer)[], options: UnpackOptions = {}): Promise<UnpackedLayer> {
  return unpackLayer(inPieces(makeTar(specs), 700), stage.target, options)
}

test('a tree comes out as GNU tar makes it, with owners, modes, times, links and attributes', asRoot, async (t) => {
  const stage = stageFor(t)
  const capability = Buffer.from('0100000200f4ff0000000000000000000000 0000'.replaceAll(' ', ''), 'hex')
  const bytes = makeTar([
    { name: './', mode: 0o751, uid: 5, gid: 6, mtimeNs: 1_111_111_111_123_456_789n },
    { name: './bin/', mode: 0o2775, gid: 50 },
    { name: './bin/su', content: 'suid', mode: 0o4755, uid: 1, gid: 2, mtimeNs: 1_234_567_890_987_654_321n },
    {
      name: './bin/ping',
      content: 'caps',
      xattrs: [
        ['security.capability', capability],
        ['user.note', Buffer.from([0, 255, 128])],
      ],
    },
    { name: './bin/hard', type: 'hardlink', linkname: './bin/su' },
    { name: './bin/sh', linkname: '/bin/su', uid: 9, gid: 9 },
    { name: './closed/', mode: 0o500, xattrs: [['user.dir', Buffer.from('x')]] },
    { name: './closed/in', content: '' },
    { name: './tmp/', mode: 0o1777 },
    { name: './dev/null', type: 'char', deviceMajor: 1, deviceMinor: 3, mode: 0o666 },
    { name: './dev/disk', type: 'block', deviceMajor: 8, deviceMinor: 1, mode: 0o660, gid: 6 },
    { name: './dev/pipe', type: 'fifo', mode: 0o600 },
    { name: './caf\xe9', content: 'latin-1 name' },
    { name: `./${'long/'.repeat(30)}file`, content: 'deep' },
  ])
  const result = await unpackLayer(inPieces(bytes), stage.target, { whiteouts: 'none' })
  const judge = join(stage.canary, '../judge')
  mkdirSync(judge)
  execFileSync('tar', ['-xp', '--same-owner', '--xattrs', '--xattrs-include=*', '--delay-directory-restore', '-C', judge], { input: bytes })
  const implicit = result.implicitParents
  assert.deepEqual(implicit.slice(0, 2), ['dev', 'long'])
  const known = (text: string): string[] => text.split('\n').filter((line) => !implicit.includes(line.split(' ')[0]!.slice(2)))
  assert.deepEqual(known(describeTree(stage.target)), known(describeTree(judge)))
  assert.deepEqual(native().getXattr(join(stage.target, 'bin/ping'), 'security.capability'), capability)
  assert.equal(result.entries, 14 + implicit.length)
})

for (const [name, specs, check] of [
  [
    'a later file replaces an earlier one',
    [
      { name: 'a', content: 'one' },
      { name: 'a', content: 'two' },
    ],
    (root: string) => assert.equal(readFileSync(join(root, 'a'), 'utf8'), 'two'),
  ],
  [
    'a file replaces a directory with everything in it',
    [
      { name: 'a/b/c', content: 'x' },
      { name: 'a', content: 'file' },
    ],
    (root: string) => assert.equal(readFileSync(join(root, 'a'), 'utf8'), 'file'),
  ],
  [
    'a directory replaces a link',
    [{ name: 'a', linkname: 'b' }, { name: 'b/' }, { name: 'a/' }, { name: 'a/f', content: 'x' }],
    (root: string) => assert.equal(existsSync(join(root, 'b/f')), false),
  ],
  [
    'a directory that comes again keeps its content and takes the later mode',
    [{ name: 'a/' }, { name: 'a/f', content: 'x' }, { name: 'a/', mode: 0o700 }],
    (root: string) => assert.deepEqual([statSync(join(root, 'a')).mode & 0o777, existsSync(join(root, 'a/f'))], [0o700, true]),
  ],
  [
    'replacing a hard link leaves its other name alone',
    [
      { name: 'a', content: 'kept' },
      { name: 'b', type: 'hardlink', linkname: 'a' },
      { name: 'b', content: 'new' },
    ],
    (root: string) => assert.equal(readFileSync(join(root, 'a'), 'utf8'), 'kept'),
  ],
  [
    'a hard link to itself changes nothing',
    [
      { name: 'a', content: 'kept' },
      { name: 'a', type: 'hardlink', linkname: './a' },
    ],
    (root: string) => assert.equal(readFileSync(join(root, 'a'), 'utf8'), 'kept'),
  ],
  [
    'a hard link to a symbolic link is a link to the link',
    [
      { name: 'l', linkname: '/nowhere' },
      { name: 'm', type: 'hardlink', linkname: 'l' },
    ],
    (root: string) => assert.equal(readlinkSync(join(root, 'm')), '/nowhere'),
  ],
  [
    'a write through a link goes to the directory inside the root',
    [{ name: 'usr/lib/' }, { name: 'lib', linkname: '/usr/lib' }, { name: 'lib/x', content: 'x' }],
    (root: string) => assert.deepEqual([lstatSync(join(root, 'lib')).isSymbolicLink(), existsSync(join(root, 'usr/lib/x'))], [true, true]),
  ],
  [
    'times of directories are those of the archive, although files were put in later',
    [{ name: 'd/', mtimeNs: 1_000_000_001n }, { name: 'd/f' }],
    (root: string) => assert.equal(statSync(join(root, 'd'), { bigint: true }).mtimeNs, 1_000_000_001n),
  ],
  [
    'a file in a directory that was replaced by another does not land in the old one',
    [{ name: 'a/f', content: '1' }, { name: 'a', linkname: 'c' }, { name: 'c/' }, { name: 'a/g', content: '2' }],
    (root: string) => assert.deepEqual([existsSync(join(root, 'c/g')), existsSync(join(root, 'c/f'))], [true, false]),
  ],
  [
    'a directory named like a whiteout is an ordinary one in an ACI',
    [{ name: '.wh.a/.wh.b', content: 'x' }],
    (root: string) => assert.equal(existsSync(join(root, '.wh.a/.wh.b')), true),
  ],
] as const)
  test(name, async (t) => {
    const stage = stageFor(t)
    await unpack(stage, specs as unknown as EntrySpec[], { whiteouts: 'none' })
    check(stage.target)
    stage.assertUntouched()
  })

test('directories without an entry are reported, until an entry comes', async (t) => {
  const result = await unpack(stageFor(t), [{ name: 'a/b/f' }, { name: 'a/' }, { name: 'c/d/e/' }])
  assert.deepEqual(result.implicitParents, ['', 'a/b', 'c', 'c/d'])
})

test('whiteouts become marks of overlayfs', asRoot, async (t) => {
  const stage = stageFor(t)
  const result = await unpack(
    stage,
    [
      { name: 'gone/.wh.x' },
      { name: 'own/' },
      { name: 'own/f', content: 'mine' },
      { name: '.wh.own' },
      { name: 'keep', content: 'x' },
      { name: '.wh.keep' },
      { name: '.wh.later' },
      { name: 'later/f', content: 'x' },
      { name: 'o/.wh.y' },
      { name: 'o/.wh..wh..opq' },
      { name: '.wh..wh.aufs' },
    ],
    { hasLower: true },
  )
  const whiteout = lstatSync(join(stage.target, 'gone/x'))
  assert.deepEqual([whiteout.isCharacterDevice(), whiteout.rdev], [true, 0])
  for (const opaque of ['own', 'later', 'o'])
    assert.equal(native().getXattr(join(stage.target, opaque), 'trusted.overlay.opaque')?.toString(), 'y', opaque)
  assert.equal(existsSync(join(stage.target, 'own/f')), true)
  assert.equal(readFileSync(join(stage.target, 'keep'), 'utf8'), 'x')
  assert.equal(existsSync(join(stage.target, 'o/y')), false)
  assert.deepEqual(result.whiteoutParents, ['', 'gone'])
  assert.deepEqual(
    result.skipped.map(({ path }) => path),
    ['.wh..wh.aufs'],
  )
})

test('whiteouts are applied to what was there before, and not to what the same layer brings', async (t) => {
  const stage = stageFor(t)
  mkdirSync(stage.target, { mode: 0o700 })
  const fd = openSync(stage.target, linux.O_RDONLY | linux.O_DIRECTORY)
  t.after(() => closeSync(fd))
  await unpackLayer(
    inPieces(
      makeTar([{ name: 'a/f', content: '1' }, { name: 'b/c/old', content: '1' }, { name: 'b/c/kept', content: '1' }, { name: 'z' }]),
    ),
    fd,
    { whiteouts: 'none' },
  )
  const before = statSync(join(stage.target, 'a'), { bigint: true }).mtimeNs
  await unpackLayer(
    inPieces(
      makeTar([
        { name: 'a/.wh.f' },
        { name: 'b/c/kept', content: '2' },
        { name: 'b/.wh..wh..opq' },
        { name: 'new' },
        { name: '.wh.new' },
        { name: '.wh.z' },
        { name: '.wh.missing' },
      ]),
    ),
    fd,
    { whiteouts: 'apply' },
  )
  assert.deepEqual(
    describeTree(stage.target)
      .split('\n')
      .map((line) => line.split(' ')[0]),
    ['.', './a', './b', './b/c', './b/c/kept', './new'],
  )
  assert.equal(readFileSync(join(stage.target, 'b/c/kept'), 'utf8'), '2')
  assert.equal(statSync(join(stage.target, 'a'), { bigint: true }).mtimeNs, before)
})

test('what a layer refers to and lacks is reported when layers lie below, and refused when not', async (t) => {
  const specs = [
    { name: 'h', type: 'hardlink' as const, linkname: '/usr/bin/tool' },
    { name: 'lib', linkname: 'usr/lib' },
    { name: 'lib/x', content: 'x' },
    { name: 'ok', content: 'x' },
  ]
  const stage = stageFor(t)
  const result = await unpack(stage, specs, { hasLower: true })
  assert.deepEqual(result.outwardLinks, [{ path: 'h', target: 'usr/bin/tool' }])
  assert.deepEqual(result.throughLinks, ['lib/x'])
  assert.equal(existsSync(join(stage.target, 'ok')), true)
  await assert.rejects(unpack(stageFor(t), specs.slice(0, 1)), hasCode('HARDLINK_TARGET_MISSING'))
  await assert.rejects(unpack(stageFor(t), specs.slice(1)), hasCode('ENTRY_PARENT_NOT_DIRECTORY'))
})

test('devices are left out and reported when they are not allowed', async (t) => {
  const result = await unpack(
    stageFor(t),
    [
      { name: 'd', type: 'block', deviceMajor: 8 },
      { name: 'p', type: 'fifo' },
    ],
    { allowDevices: false },
  )
  assert.deepEqual(
    result.skipped.map(({ path }) => path),
    ['d', 'p'],
  )
})

test('digests are those of the stored and of the uncompressed bytes, and are verified', async (t) => {
  const tar = makeTar([{ name: 'a', content: 'x'.repeat(100_000) }])
  const stored = gzipSync(tar)
  const sha = (algorithm: string, bytes: Buffer): string => createHash(algorithm).update(bytes).digest('hex')
  const digest = `sha256:${sha('sha256', stored)}`
  const diffId = `sha256:${sha('sha256', tar)}`
  const stage = stageFor(t)
  const result = await unpackLayer(inPieces(stored), stage.target, { digest, diffId, sizeBytes: stored.length, sha512: true })
  assert.deepEqual([result.digest, result.diffId, result.sha512], [digest, diffId, sha('sha512', tar)])
  const wrong = `sha256:${'0'.repeat(64)}`
  for (const [why, options] of [
    ['the stored bytes hash to something else', { digest: wrong, diffId }],
    ['the tar hashes to something else', { digest, diffId: wrong }],
    ['fewer bytes come than were announced', { digest, sizeBytes: stored.length + 1 }],
    ['more bytes come than were announced', { digest, sizeBytes: stored.length - 1 }],
  ] as const)
    await t.test(`nothing is left when ${why}`, async () => {
      const other = makeStage()
      t.after(() => other.remove())
      await assert.rejects(unpackLayer(inPieces(stored), other.target, options), hasCode('LAYER_DIGEST_MISMATCH'))
      assert.equal(existsSync(other.target), false)
      other.assertUntouched()
    })
  await t.test('bytes that are something else altogether are a wrong digest, not a damaged archive', async () => {
    const page = Buffer.from('<html>no such layer</html>')
    await assert.rejects(
      unpackLayer(inPieces(page), stageFor(t).target, { digest, sizeBytes: page.length }),
      hasCode('LAYER_DIGEST_MISMATCH'),
    )
  })
})

test('a file is a source as well, and an error of a source passes through', async (t) => {
  const stage = stageFor(t)
  const file = join(stage.canary, '../layer.tar')
  writeFileSync(file, makeTar([{ name: 'a' }]))
  await unpackLayer(file, stage.target)
  const broken = async function* (): AsyncGenerator<Buffer> {
    yield gzipSync(makeTar([{ name: 'a', content: 'x'.repeat(9000) }])).subarray(0, 30)
    throw new Error('the line went dead')
  }
  const other = stageFor(t)
  await assert.rejects(unpackLayer(broken(), other.target), /the line went dead/)
  assert.equal(existsSync(other.target), false)
})
