import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chownSync, existsSync, lstatSync, mkdirSync, readFileSync, readlinkSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { test } from 'node:test'
import { zstdCompressSync } from 'node:zlib'
import { type ErrorCode, isRocketError } from '@rocket/contracts'
import { native } from '@rocket/host'
import { makeStage, type Stage } from './testing/canary.ts'
import { hasCode } from './testing/has-code.ts'
import { type EntrySpec, inPieces, makeEntry, makeTar } from './testing/make-tar.ts'
import { tarEnd } from './tar-writer.ts'
import { unpackLayer, type UnpackOptions } from './unpack-layer.ts'

type Specs = (stage: Stage) => EntrySpec[]

/** The layer is refused with the code; afterwards there is no tree, and the canary is as it was. */
function refuses(number: string, what: string, code: ErrorCode, specs: Specs, options: UnpackOptions = {}): void {
  for (const whiteouts of ['overlay', 'apply', 'none'] as const) {
    if (options.whiteouts !== undefined && options.whiteouts !== whiteouts) continue
    test(`${number}: refuses ${what} (${whiteouts})`, async (t) => {
      const stage = makeStage()
      t.after(() => stage.remove())
      await assert.rejects(unpackLayer(inPieces(makeTar(specs(stage))), stage.target, { ...options, whiteouts }), hasCode(code))
      assert.equal(existsSync(stage.target), false)
      stage.assertUntouched()
    })
  }
}

/** The layer is unpacked; `check` looks at the tree, and the canary is as it was. */
function contains(
  number: string,
  what: string,
  specs: Specs,
  check: (root: string, stage: Stage) => void,
  options: UnpackOptions = {},
): void {
  test(`${number}: ${what}`, async (t) => {
    const stage = makeStage()
    t.after(() => stage.remove())
    await unpackLayer(inPieces(makeTar(specs(stage))), stage.target, { whiteouts: 'none', ...options })
    check(stage.target, stage)
    stage.assertUntouched()
  })
}

const climbing = ['../../evil', 'a/../../evil', '..', '../canary/f', 'a/b/../../../canary/f', '/../../evil', './../evil', 'a/..//../evil']
for (const name of climbing) refuses('U1', `the entry ${name}`, 'ENTRY_ESCAPES_ROOTFS', () => [{ name, type: 'file', content: 'evil' }])
refuses('U1', 'a name with a NUL byte', 'ENTRY_NAME_INVALID', () => [{ name: `${'x'.repeat(100)}\0/../../evil` }])
refuses('U1', 'a component longer than a file name', 'ENTRY_NAME_INVALID', () => [{ name: 'n'.repeat(256) }])
refuses('U1', 'a path longer than the kernel takes', 'ENTRY_NAME_INVALID', () => [{ name: 'd/'.repeat(2500) }])

for (const name of ['/etc/evil', '//etc/evil', '///etc/./evil'])
  contains(
    'U2',
    `${name} lands inside the root`,
    () => [{ name, content: 'x' }],
    (root) => {
      assert.equal(readFileSync(join(root, 'etc/evil'), 'utf8'), 'x')
    },
  )
for (const name of ['C:\\evil', '..\\..\\evil', '\\\\host\\share'])
  contains(
    'U2',
    `${name} is a file name like any other`,
    () => [{ name, content: 'x' }],
    (root) => {
      assert.equal(readFileSync(`${root}/${name}`, 'utf8'), 'x')
    },
  )

for (const target of ['/canary', '../canary', '../../../../../../../../tmp']) {
  refuses('U3', `a file below a link to ${target}`, 'ENTRY_PARENT_NOT_DIRECTORY', () => [
    { name: 'pwn', linkname: target },
    { name: 'pwn/escaped', content: 'x' },
  ])
}
contains(
  'U3',
  'a link with an absolute path of the canary stays a link, and leads into the root',
  (stage) => [{ name: `${stage.canary}/` }, { name: 'pwn', linkname: stage.canary }, { name: 'pwn/escaped', content: 'x' }],
  (root, stage) => {
    assert.equal(readlinkSync(join(root, 'pwn')), stage.canary)
    assert.equal(readFileSync(join(root, stage.canary, 'escaped'), 'utf8'), 'x')
  },
)
contains(
  'U3',
  'split over two layers, the write resolves inside the root or is reported, never outside',
  () => [
    { name: 'pwn', linkname: '../canary' },
    { name: 'pwn/f', content: 'x' },
  ],
  (root) => assert.deepEqual([lstatSync(join(root, 'pwn')).isSymbolicLink()], [true]),
  { whiteouts: 'overlay', hasLower: true },
)
contains(
  'U3',
  'a file over a link replaces the link',
  () => [
    { name: 'f', linkname: '../canary/f' },
    { name: 'f', content: 'x' },
  ],
  (root) => {
    assert.equal(lstatSync(join(root, 'f')).isFile(), true)
  },
)
for (const linkname of ['/proc/self/root/etc', '/proc/self/fd/3', '/proc/1/cwd']) {
  refuses('U3', `a file below a link to ${linkname}`, 'ENTRY_PARENT_NOT_DIRECTORY', () => [
    { name: 'p', linkname },
    { name: 'p/x', content: 'x' },
  ])
}

refuses('U4', 'a hard link to the canary by absolute path', 'HARDLINK_TARGET_MISSING', (stage) => [
  { name: 'x', type: 'hardlink', linkname: join(stage.canary, 'f') },
])
for (const linkname of ['../canary/f', '../../../../etc/passwd', '/../canary/f']) {
  refuses('U4', `a hard link to ${linkname}`, 'ENTRY_ESCAPES_ROOTFS', () => [{ name: 'x', type: 'hardlink', linkname }])
}
refuses('U4', 'a hard link to a file in the working directory of the process', 'HARDLINK_TARGET_MISSING', () => [
  { name: 'x', type: 'hardlink', linkname: 'package.json' },
])
refuses('U4', 'a hard link to a directory', 'LAYER_CORRUPT', () => [{ name: 'd/' }, { name: 'x', type: 'hardlink', linkname: 'd' }])
refuses('U4', 'a hard link to the root', 'HARDLINK_TARGET_MISSING', () => [{ name: 'x', type: 'hardlink', linkname: '/' }])

refuses('U5', 'a hard link through a chain of links', 'HARDLINK_TARGET_MISSING', (stage) => [
  { name: 'a/b/c/' },
  { name: 'a/b/c/up', linkname: '../..' },
  { name: 'a/b/escape', linkname: 'c/up/../..' },
  { name: 'exfil', type: 'hardlink', linkname: `a/b/escape${stage.canary}/f` },
  { name: 'exfil', content: 'overwritten' },
])
contains(
  'U5',
  'the same chain, written through, ends at the root',
  () => [
    { name: 'a/b/c/' },
    { name: 'a/b/c/up', linkname: '../..' },
    { name: 'a/b/escape', linkname: 'c/up/../../../../..' },
    { name: 'a/b/escape/canary/f', content: 'x' },
  ],
  (root) => assert.equal(readFileSync(join(root, 'canary/f'), 'utf8'), 'x'),
)

for (const name of ['.', '/', './.', './', '']) {
  refuses('U6', `a link in place of the root, named ${JSON.stringify(name)}`, 'ENTRY_PARENT_NOT_DIRECTORY', (stage) => [
    { name: Buffer.from(name), type: 'symlink', linkname: stage.canary },
    { name: 'f', content: 'x' },
  ])
}
refuses('U6', 'a file in place of the root', 'ENTRY_PARENT_NOT_DIRECTORY', () => [{ name: 'a/..', type: 'file', content: 'x' }])
refuses('U6', 'a whiteout of the root', 'WHITEOUT_INVALID', () => [{ name: '.wh..' }], { whiteouts: 'overlay' })

contains(
  'U7',
  'a whiteout below a link is left to the chain, and deletes nothing outside',
  () => [{ name: 'etc', linkname: '../canary/inner' }, { name: 'etc/.wh.victim' }],
  (root) => assert.equal(lstatSync(join(root, 'etc')).isSymbolicLink(), true),
  { whiteouts: 'overlay', hasLower: true },
)
contains(
  'U7',
  'a whiteout below a link that a layer before it made deletes nothing outside',
  () => [{ name: 'etc', linkname: '../canary/inner' }, { name: 'etc/.wh.victim' }],
  (root) => assert.equal(lstatSync(join(root, 'etc')).isSymbolicLink(), true),
  { whiteouts: 'apply' },
)

refuses(
  'U8',
  'an opaque mark of a link to the canary',
  'ENTRY_PARENT_NOT_DIRECTORY',
  () => [{ name: 'd', linkname: '../canary' }, { name: 'd/.wh..wh..opq' }],
  { whiteouts: 'overlay' },
)
refuses(
  'U8',
  'an opaque mark of a link, when it is carried out',
  'WHITEOUT_INVALID',
  () => [{ name: 'd', linkname: '../canary' }, { name: 'd/.wh..wh..opq' }],
  { whiteouts: 'apply' },
)
refuses(
  'U8',
  'an opaque mark of a link inside the root',
  'WHITEOUT_INVALID',
  () => [{ name: 'r/' }, { name: 'd', linkname: 'r' }, { name: 'd/.wh..wh..opq' }],
  { whiteouts: 'overlay' },
)
refuses('U8', 'an opaque mark of a file', 'WHITEOUT_INVALID', () => [{ name: 'd', content: 'x' }, { name: 'd/.wh..wh..opq' }], {
  whiteouts: 'apply',
})

for (const name of ['.wh.', '.wh..', '.wh...', 'd/.wh.', 'd/.wh..', 'd/.wh...', '.wh.a/b', '.wh.a/']) {
  for (const whiteouts of ['overlay', 'apply'] as const)
    refuses('U9', `the whiteout ${name}`, 'WHITEOUT_INVALID', () => [{ name }], { whiteouts, hasLower: true })
}

contains(
  'U10',
  'owner, mode and time of a link are the link’s own',
  (stage) => [
    { name: 'l', linkname: join(stage.canary, 'f'), mode: 0o777, uid: 33, gid: 33, mtimeNs: 1n },
    { name: 'm', linkname: '../canary', uid: 33, mtimeNs: 2n },
  ],
  (root) => assert.equal(lstatSync(join(root, 'm')).isSymbolicLink(), true),
)
contains(
  'U10',
  'a directory that became a link does not give it its time',
  (stage) => [
    { name: 'd/', mtimeNs: 77n, mode: 0o500 },
    { name: 'd', linkname: stage.canary },
  ],
  (root) => assert.notEqual(lstatSync(join(root, 'd'), { bigint: true }).mtimeNs, 77n),
)

test('U11: a directory that is swapped for a link to the canary again and again leads nowhere', async (t) => {
  const stage = makeStage()
  t.after(() => stage.remove())
  const program = fileURLToPath(new URL('./testing/swap-directory.ts', import.meta.url))
  const swapper = spawn(process.execPath, [program, join(stage.target, 'd'), stage.canary], { stdio: ['ignore', 'pipe', 'ignore'] })
  t.after(() => swapper.kill('SIGKILL'))
  const swapping = once(swapper.stdout, 'data')
  const layer = async function* (): AsyncGenerator<Buffer> {
    yield makeEntry({ name: 'd/' })
    await swapping
    for (let round = 0; round < 40; round++) {
      // Other directories in between, so that `d` is opened anew.
      const others = Array.from({ length: 70 }, (_, index) => makeEntry({ name: `o${index}/f`, content: 'x' }))
      yield Buffer.concat([...others, ...Array.from({ length: 20 }, (_, index) => makeEntry({ name: `d/inner/f${index}`, content: 'x' }))])
    }
    yield tarEnd
  }
  await unpackLayer(layer(), stage.target, { whiteouts: 'none' }).catch((error: unknown) => assert.ok(isRocketError(error), String(error)))
  swapper.kill('SIGKILL')
  stage.assertUntouched()
})

const asRoot = process.geteuid?.() === 0 ? {} : { skip: 'needs root: it makes devices' }
test('U12: devices are made without being opened, and the mark of overlayfs is not made at all', asRoot, async (t) => {
  const stage = makeStage()
  t.after(() => stage.remove())
  const result = await unpackLayer(
    inPieces(
      makeTar([
        { name: 'sda', type: 'block', deviceMajor: 8 },
        { name: 'mem', type: 'char', deviceMajor: 1, deviceMinor: 1 },
        { name: 'fuse', type: 'char', deviceMajor: 10, deviceMinor: 200 },
        { name: 'pipe', type: 'fifo' },
        { name: 'etc/hidden', type: 'char' },
        { name: 'pipe', type: 'fifo' },
      ]),
    ),
    stage.target,
    { hasLower: true },
  )
  assert.equal(lstatSync(join(stage.target, 'sda')).isBlockDevice(), true)
  assert.equal(lstatSync(join(stage.target, 'pipe')).isFIFO(), true)
  assert.equal(existsSync(join(stage.target, 'etc/hidden')), false)
  assert.deepEqual(
    result.skipped.map(({ path }) => path),
    ['etc/hidden'],
  )
})

const attribute = Buffer.from('y')
contains(
  'U13',
  'instructions to overlayfs and labels of security modules are dropped, the rest is kept',
  () => [
    {
      name: 'd/',
      xattrs: [
        ['trusted.overlay.opaque', attribute],
        ['trusted.overlay.redirect', Buffer.from('/canary')],
        ['user.overlay.opaque', attribute],
        ['user.kept', attribute],
      ],
    },
    {
      name: 'f',
      content: 'x',
      xattrs: [
        ['trusted.overlay.metacopy', attribute],
        ['security.selinux', attribute],
        ['trusted.x', attribute],
        ['security.ima', attribute],
        ['user.kept', Buffer.from([0x80, 0])],
      ],
    },
    { name: 'bad', content: 'x', xattrs: [['security.capability', Buffer.from('nonsense')]] },
    { name: 'link', linkname: 'f', xattrs: [['user.x', attribute]] },
  ],
  (root) => {
    const names = (path: string): string[] => native().listXattrs(join(root, path)).map(String)
    assert.deepEqual([names('d'), names('f'), names('bad'), names('link')], [['user.kept'], ['user.kept'], [], []])
  },
)
refuses('U13', 'attributes of more bytes than the kernel has room for', 'ENTRY_LIMIT', () => [
  { name: 'f', xattrs: [['user.a', Buffer.alloc(70_000)]] },
])
refuses('U13', 'a thousand attributes', 'ENTRY_LIMIT', () => [
  { name: 'f', xattrs: Array.from({ length: 1000 }, (_, index): [string, Buffer] => [`user.${index}`, Buffer.alloc(50)]) },
])
refuses(
  'U13',
  'a thousand attributes of 64 KiB',
  'LAYER_CORRUPT',
  () => [{ name: 'f', xattrs: Array.from({ length: 1000 }, (_, index): [string, Buffer] => [`user.${index}`, Buffer.alloc(65536)]) }],
  { whiteouts: 'none' },
)

for (const [what, prepare, why] of [
  ['a link', (stage: Stage) => symlinkSync(stage.canary, stage.target), /not a directory/],
  ['a file', (stage: Stage) => writeFileSync(stage.target, ''), /not a directory/],
  [
    'a directory that others may write',
    (stage: Stage) => {
      mkdirSync(stage.target)
      execFileSync('chmod', ['777', stage.target])
    },
    /others may write/,
  ],
  [
    'a directory of another user',
    (stage: Stage) => {
      mkdirSync(stage.target)
      chownSync(stage.target, 65534, 65534)
    },
    /belongs to user 65534/,
  ],
  [
    'a directory that is not empty',
    (stage: Stage) => {
      mkdirSync(join(stage.target, 'x'), { recursive: true })
    },
    /not empty/,
  ],
] as const)
  test(`U22: refuses to unpack into ${what}`, what.includes('another user') ? asRoot : {}, async (t) => {
    const stage = makeStage()
    t.after(() => stage.remove())
    prepare(stage)
    await assert.rejects(unpackLayer(inPieces(makeTar([{ name: 'f' }])), stage.target), hasCode('UNPACK_TARGET_UNSAFE', why))
    stage.assertUntouched()
    assert.equal(existsSync(join(stage.target, 'f')), what === 'a link' ? existsSync(join(stage.canary, 'f')) : false)
  })
test('U22: refuses to unpack into a mount point', asRoot, (t) => {
  const stage = makeStage()
  t.after(() => stage.remove())
  mkdirSync(stage.target)
  const script = `
    import { unpackLayer } from ${JSON.stringify(new URL('./unpack-layer.ts', import.meta.url).href)}
    const nothing = (async function* () {})()
    await unpackLayer(nothing, ${JSON.stringify(stage.target)}).catch((error) => console.log(error.code, error.why))`
  const out = execFileSync('unshare', [
    '-m',
    'sh',
    '-c',
    'mount -t tmpfs tmpfs "$1" && exec "$2" --input-type=module -e "$3"',
    'sh',
    stage.target,
    process.execPath,
    script,
  ])
  assert.equal(String(out).trim(), 'UNPACK_TARGET_UNSAFE it is a mount point')
})

refuses('bomb', 'more files than the limit', 'LAYER_TOO_LARGE', () => Array.from({ length: 30 }, (_, index) => ({ name: `f${index}` })), {
  limits: { maxEntries: 20 },
})
refuses('bomb', 'more implied directories than the limit', 'LAYER_TOO_LARGE', () => [{ name: 'd/'.repeat(50) }], {
  limits: { maxEntries: 20 },
})
refuses(
  'bomb',
  'a file larger than the limit before it is written',
  'LAYER_TOO_LARGE',
  () => [{ name: 'f', content: Buffer.alloc(5000) }],
  { limits: { maxUnpackedBytes: 4000 } },
)
test('bomb: a layer of zeros stops at the ratio and leaves nothing', async (t) => {
  const stage = makeStage()
  t.after(() => stage.remove())
  const bomb = zstdCompressSync(makeTar([{ name: 'zeros', content: Buffer.alloc(32 << 20) }]))
  await assert.rejects(unpackLayer(inPieces(bomb), stage.target, { limits: { ratioFromBytes: 1 << 20 } }), hasCode('LAYER_TOO_LARGE'))
  assert.equal(existsSync(stage.target), false)
})
test('bomb: a tree two thousand directories deep is unpacked, and removed again after an error', async (t) => {
  const stage = makeStage()
  t.after(() => stage.remove())
  const deep = { name: `${'d/'.repeat(2040)}f`, content: 'x' }
  await assert.rejects(unpackLayer(inPieces(makeTar([deep, { name: '../x' }])), stage.target), hasCode('ENTRY_ESCAPES_ROOTFS'))
  assert.equal(existsSync(stage.target), false)
  stage.assertUntouched()
})
