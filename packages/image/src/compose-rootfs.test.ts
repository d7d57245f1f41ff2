import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { digestOf } from '@rocket/host'
import { chainId, type ComposedLayer, composeRootfs } from './compose-rootfs.ts'
import { describeOverlay } from './testing/describe-overlay.ts'
import { describeTree } from './testing/canary.ts'
import { hasCode } from './testing/has-code.ts'
import { LayoutMaker } from './testing/make-layout.ts'
import { type EntrySpec, inPieces, makeTar } from './testing/make-tar.ts'
import { unpackLayer } from './unpack-layer.ts'
import { unpackLayerOn, writeTopTree } from './unpack-on-chain.ts'

const asRoot = process.geteuid?.() === 0 ? {} : { skip: 'needs root: it mounts overlays' }

interface Composed {
  directories: string[]
  /** The keys of what was made besides the layers' own trees. */
  made: string[]
  layers: string
}

/** Composes layers as a store would, with short names in one directory. */
async function compose(t: TestContext, tars: readonly Buffer[]): Promise<Composed> {
  const layers = mkdtempSync(join(tmpdir(), 'rocket-layers-'))
  t.after(() => rmSync(layers, { recursive: true, force: true }))
  const made: string[] = []
  const trees: ComposedLayer[] = []
  for (const [index, tar] of tars.entries()) {
    const directory = join(layers, `l${index}`)
    const facts = await unpackLayer(inPieces(tar, 5000), directory, { hasLower: true })
    trees.push({ diffId: facts.diffId, directory, facts })
  }
  const directories = await composeRootfs(trees, {
    unpackOn: async (index, lower, key) => {
      made.push(`${index} ${key.split(' ')[0]}`)
      const directory = join(layers, `c${index}`)
      return { directory, facts: await unpackLayerOn(inPieces(tars[index]!, 5000), directory, lower) }
    },
    makeTop: async (list, key) => {
      made.push(key.split(' ')[0]!)
      const directory = join(layers, `t${made.length}`)
      writeTopTree(directory, list)
      return directory
    },
  })
  return { directories, made, layers }
}

const names = (text: string): string[] => text.split('\n').map((line) => line.split(' ')[0]!)

/** What umoci, which applies layers one after the other, makes of the same image. */
function judge(t: TestContext, tars: readonly Buffer[]): string {
  const directory = mkdtempSync(join(tmpdir(), 'rocket-judge-'))
  t.after(() => rmSync(directory, { recursive: true, force: true }))
  const layout = new LayoutMaker(join(directory, 'layout'))
  layout.index([{ ...layout.image(tars), annotations: { 'org.opencontainers.image.ref.name': 'x' } }])
  execFileSync('umoci', ['unpack', '--image', `${join(directory, 'layout')}:x`, join(directory, 'bundle')], { stdio: 'pipe' })
  return describeTree(join(directory, 'bundle/rootfs'))
}

const hasUmoci = ((): boolean => {
  try {
    execFileSync('umoci', ['--version'])
    return true
  } catch {
    return false
  }
})()

const time = 1_400_000_000_000_000_000n
const cases: [what: string, layers: EntrySpec[][], made: string[]][] = [
  [
    'layers that describe their directories are used as they are',
    [
      [{ name: './' }, { name: 'etc/' }, { name: 'etc/a', content: '1' }],
      [{ name: './' }, { name: 'etc/' }, { name: 'etc/a', content: '2' }],
    ],
    [],
  ],
  [
    'a merged /usr below, and layers that write through lib',
    [
      [
        { name: './' },
        { name: 'usr/' },
        { name: 'usr/lib/', mtimeNs: time },
        { name: 'usr/lib/libc.so', content: 'c' },
        { name: 'lib', linkname: 'usr/lib' },
        { name: 'bin', linkname: 'usr/bin' },
        { name: 'usr/bin/' },
      ],
      [{ name: './' }, { name: 'lib/libx.so', content: 'x' }, { name: 'bin/tool', content: 'x', mode: 0o4755 }],
      [
        { name: './' },
        { name: 'lib/modules/' },
        { name: 'lib/modules/m', content: 'm' },
        { name: 'usr/' },
        { name: 'usr/lib/' },
        { name: 'usr/lib/y', content: 'y' },
      ],
    ],
    ['1 chain', '2 chain'],
  ],
  [
    'a link to a directory by its absolute path',
    [
      [{ name: './' }, { name: 'data/' }, { name: 'var/' }, { name: 'var/data', linkname: '/data' }],
      [{ name: './' }, { name: 'var/data/f', content: 'x' }],
    ],
    ['1 chain'],
  ],
  [
    'layers without parent entries take the looks from below',
    [
      [
        { name: './', mode: 0o751 },
        { name: 'a/', mode: 0o1777, uid: 7, gid: 8, mtimeNs: time, xattrs: [['user.k', Buffer.from('v')]] },
        { name: 'a/b/', mode: 0o1750, mtimeNs: time },
      ],
      [{ name: 'a/b/c/f', content: 'x' }],
      [{ name: 'a/b/c/g', content: 'x' }],
    ],
    ['top'],
  ],
  [
    'a whiteout, an opaque directory and a directory made again',
    [
      [
        { name: './' },
        { name: 'd/' },
        { name: 'd/x', content: 'x' },
        { name: 'd/y', content: 'y' },
        { name: 'o/' },
        { name: 'o/x', content: 'x' },
        { name: 'r/', mode: 0o700 },
        { name: 'r/old', content: 'x' },
        { name: 'gone/' },
        { name: 'gone/f' },
      ],
      [
        { name: './' },
        { name: 'd/' },
        { name: 'd/.wh.x' },
        { name: 'o/' },
        { name: 'o/.wh..wh..opq' },
        { name: 'o/new', content: 'n' },
        { name: '.wh.r' },
        { name: 'r/' },
        { name: 'r/new', content: 'n' },
        { name: '.wh.gone' },
      ],
    ],
    [],
  ],
  [
    'deletions in a directory that is not there',
    [
      [{ name: './' }, { name: 'f', content: 'x' }],
      [{ name: './' }, { name: 'd/' }, { name: 'd/.wh.x' }, { name: 'd/y', content: 'y' }],
    ],
    ['1 chain'],
  ],
  [
    'a hard link to a file of a layer below',
    [
      [{ name: './' }, { name: 'a/' }, { name: 'a/f', content: 'shared', mode: 0o640, uid: 5 }],
      [{ name: './' }, { name: 'b', type: 'hardlink', linkname: 'a/f' }],
    ],
    ['1 chain'],
  ],
  [
    'a file becomes a directory, a directory a file, a link a directory',
    [
      [{ name: './' }, { name: 'f', content: 'x' }, { name: 'd/' }, { name: 'd/in', content: 'x' }, { name: 'l', linkname: 'd' }],
      [
        { name: './' },
        { name: 'f/' },
        { name: 'f/in', content: 'y' },
        { name: 'd', content: 'y' },
        { name: 'l/' },
        { name: 'l/in', content: 'z' },
      ],
    ],
    [],
  ],
  [
    'names and attributes that are no text',
    [
      [
        { name: './' },
        { name: 'caf\xe9/' },
        {
          name: 'caf\xe9/\xff',
          content: 'x',
          xattrs: [['security.capability', Buffer.from('0100000200f4ff000000000000000000ffff0000', 'hex')]],
        },
      ],
      [{ name: './' }, { name: 'caf\xe9/\xfe', content: 'y' }],
    ],
    ['top'],
  ],
]

for (const [what, specs, made] of cases)
  test(what, asRoot, async (t) => {
    const tars = specs.map((layer) => makeTar(layer))
    const composed = await compose(t, tars)
    assert.deepEqual(composed.made, made)
    const shown = describeOverlay(composed.directories)
    if (!hasUmoci) return t.diagnostic('umoci is not installed: not compared with it')
    assert.deepEqual(withoutLooseEnds(shown), withoutLooseEnds(judge(t, tars)))
  })

/** What the two may differ in: directories nobody described (their times), and the order in which attributes are listed. */
function withoutLooseEnds(text: string): string[] {
  return text.split('\n').map((line) => {
    const [path, mode, owner, ...rest] = line.split(' ')
    const isDirectory = (Number.parseInt(mode!, 8) & 0o170000) === 0o040000
    return isDirectory ? [path, mode, owner, ...rest.slice(2).filter((word) => word.includes('='))].join(' ') : line
  })
}

test('a directory that layers only mention keeps the time it had', asRoot, async (t) => {
  const { directories } = await compose(t, [
    makeTar([
      { name: './', mtimeNs: time },
      { name: 'a/', mtimeNs: time + 7n },
    ]),
    makeTar([{ name: 'a/f' }]),
  ])
  const [root = '', a = ''] = describeOverlay(directories).split('\n')
  assert.ok(root.includes(String(time)), root)
  assert.ok(a.includes(String(time + 7n)), a)
})

test('120 layers, each of which changes the same directory', asRoot, async (t) => {
  const tars = Array.from({ length: 120 }, (_, index) =>
    makeTar([
      { name: './' },
      { name: `d/f${index}`, content: String(index) },
      ...(index === 0 ? [] : [{ name: `d/.wh.f${index - 1}` }]),
      { name: 'same', content: String(index) },
    ]),
  )
  const { directories, layers } = await compose(t, tars)
  const shown = describeOverlay(
    directories.map((directory) => basename(directory)),
    layers,
  )
  assert.deepEqual(names(shown), ['.', './d', './d/f119', './same'])
})

for (const [what, code, specs] of [
  [
    'U3: writes below a link that leads nowhere',
    'ENTRY_PARENT_NOT_DIRECTORY',
    [[{ name: 'pwn', linkname: '/canary' }], [{ name: 'pwn/escaped', content: 'x' }]],
  ],
  [
    'U4: links to a file that no layer has',
    'HARDLINK_TARGET_MISSING',
    [[{ name: 'a' }], [{ name: 'b', type: 'hardlink', linkname: '/canary/f' }]],
  ],
  ['U8: hides what is behind a link', 'WHITEOUT_INVALID', [[{ name: 'r/' }, { name: 'd', linkname: 'r' }], [{ name: 'd/.wh..wh..opq' }]]],
  ['writes below a file', 'ENTRY_PARENT_NOT_DIRECTORY', [[{ name: 'f', content: 'x' }], [{ name: 'f/g', content: 'x' }]]],
  ['is the lowest and links to what nobody has', 'HARDLINK_TARGET_MISSING', [[{ name: 'b', type: 'hardlink', linkname: 'a' }]]],
  [
    'is the lowest and writes below a link that leads nowhere',
    'ENTRY_PARENT_NOT_DIRECTORY',
    [[{ name: 'l', linkname: '/canary' }, { name: 'l/x' }]],
  ],
] as [string, Parameters<typeof hasCode>[0], EntrySpec[][]][])
  test(`refuses an image with a layer that ${what}`, asRoot, async (t) => {
    await assert.rejects(
      compose(
        t,
        specs.map((layer) => makeTar(layer)),
      ),
      hasCode(code),
    )
  })

test('U3, U7: on the chain, a link that points out of the root by an absolute path leads inside', asRoot, async (t) => {
  const canary = mkdtempSync(join(tmpdir(), 'rocket-canary-'))
  t.after(() => rmSync(canary, { recursive: true, force: true }))
  mkdirSync(join(canary, 'victim'))
  const before = describeTree(canary)
  const { directories } = await compose(t, [
    makeTar([{ name: `${canary}/` }, { name: `${canary}/victim`, content: 'inside' }, { name: 'etc', linkname: canary }]),
    makeTar([{ name: 'etc/.wh.victim' }, { name: 'etc/new', content: 'x' }]),
  ])
  assert.equal(describeTree(canary), before)
  assert.deepEqual(
    names(describeOverlay(directories))
      .filter((path) => path.includes(basename(canary)) && !path.endsWith(basename(canary)))
      .map((path) => basename(path)),
    ['new'],
  )
})

test('nothing is mounted, and no work directory is left, after a layer was unpacked on a chain or refused', asRoot, async (t) => {
  const { layers } = await compose(t, [makeTar([{ name: 'r/' }, { name: 'd', linkname: 'r' }]), makeTar([{ name: 'd/x', content: 'x' }])])
  assert.equal(readFileSync('/proc/self/mountinfo', 'utf8').includes(layers), false)
  assert.deepEqual(
    execFileSync('ls', [layers], { encoding: 'utf8' })
      .split('\n')
      .filter((name) => name.includes('work')),
    [],
  )
})

test('a bottom layer that deletes is unpacked again as a bottom layer, where marks would show', asRoot, async (t) => {
  const { directories, made } = await compose(t, [makeTar([{ name: '.wh.x' }, { name: 'a' }])])
  assert.deepEqual(made, ['0 chain'])
  assert.deepEqual(names(describeOverlay(directories)), ['.', './a'])
})

test('chain IDs are those of the specification', () => {
  const [a, b] = [`sha256:${'a'.repeat(64)}`, `sha256:${'b'.repeat(64)}`]
  assert.equal(chainId('', a), a)
  assert.equal(chainId(a, b), `sha256:${digestOf('sha256', `${a} ${b}`)}`)
})
