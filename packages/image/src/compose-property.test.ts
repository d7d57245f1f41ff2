import assert from 'node:assert/strict'
import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import { type ErrorCode, isRocketError } from '@rocket/contracts'
import { linux } from '@rocket/host'
import { type ComposedLayer, composeRootfs } from './compose-rootfs.ts'
import { copyTree } from './copy-tree.ts'
import { diffTrees, type Difference } from './diff-trees.ts'
import { describeTree } from './testing/canary.ts'
import { describeOverlay } from './testing/describe-overlay.ts'
import { type EntrySpec, inPieces, makeTar } from './testing/make-tar.ts'
import { unpackLayer } from './unpack-layer.ts'
import { unpackLayerOn, writeTopTree } from './unpack-on-chain.ts'

const asRoot = process.geteuid?.() === 0 ? {} : { skip: 'needs root: it mounts overlays' }

/** Few names, so that entries meet. `l` and `m` are mostly links. */
const name = fc.constantFrom('a', 'b', 'a/c', 'a/c/d', 'b/c', 'b/c/e', 'l/x', 'l/c/y', 'm/z', 'a/m/w')
const entry: fc.Arbitrary<EntrySpec> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ name, content: fc.constantFrom('1', '22'), mode: fc.constantFrom(0o644, 0o4755) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      name: name.map((path) => `${path}/`),
      mode: fc.constantFrom(0o755, 0o700),
      uid: fc.constantFrom(0, 7),
      mtimeNs: fc.constantFrom(1n, 2_000_000_000n),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      name: fc.constantFrom('l', 'm', 'a/m', 'a'),
      linkname: fc.constantFrom('a', 'b', '/b/c', 'c', '../b', 'nowhere', '.'),
    }),
  },
  { weight: 1, arbitrary: fc.record({ name, type: fc.constant('hardlink' as const), linkname: name }) },
  {
    weight: 2,
    arbitrary: fc.record({
      name: fc.constantFrom(
        '.wh.a',
        '.wh.l',
        'a/.wh.c',
        'b/.wh.c',
        'b/c/.wh.e',
        'l/.wh.x',
        'a/.wh..wh..opq',
        'b/.wh..wh..opq',
        'b/c/.wh..wh..opq',
      ),
    }),
  },
)
const layers = fc.array(fc.array(entry, { minLength: 1, maxLength: 5 }), { minLength: 2, maxLength: 4 })

/** The tree that an overlay shows, or the code of the refusal. */
async function composed(directory: string, tars: readonly Buffer[]): Promise<string | ErrorCode> {
  const trees: ComposedLayer[] = []
  let made = 0
  for (const [index, tar] of tars.entries()) {
    const tree = join(directory, `l${index}`)
    const facts = await unpackLayer(inPieces(tar), tree, { hasLower: true })
    trees.push({ diffId: `sha256:${String(index).padStart(64, '0')}`, directory: tree, facts })
  }
  const stacked = await composeRootfs(trees, {
    unpackOn: async (index, lower) => {
      const tree = join(directory, `c${made++}`)
      return { directory: tree, facts: await unpackLayerOn(inPieces(tars[index]!), tree, lower) }
    },
    makeTop: async (list) => {
      const tree = join(directory, `t${made++}`)
      writeTopTree(tree, list)
      return tree
    },
  })
  const shown = describeOverlay(stacked)
  copyTree(stacked, join(directory, 'copy'))
  assert.equal(withoutLinkCounts(describeTree(join(directory, 'copy'))), withoutLinkCounts(shown), 'what is walked is what is mounted')
  assert.deepEqual([...diffTrees(stacked, join(directory, 'copy'))].filter(isNoLink), [])
  return shown
}

/** The same layers, each applied to what is there. */
async function applied(directory: string, tars: readonly Buffer[]): Promise<string> {
  const root = join(directory, 'applied')
  // As an overlay of nothing looks.
  mkdirSync(root, { mode: 0o700 })
  const fd = openSync(root, linux.O_RDONLY | linux.O_DIRECTORY)
  try {
    for (const [index, tar] of tars.entries()) await unpackLayer(inPieces(tar), fd, { whiteouts: index === 0 ? 'overlay' : 'apply' })
  } finally {
    closeSync(fd)
  }
  return describeTree(root)
}

/** As the specification wants it; in turn, the order makes a difference, alone it does not. */
function deletionsFirst(layer: readonly EntrySpec[]): EntrySpec[] {
  return layer.toSorted((a, b) => Number(b.name.includes('.wh.')) - Number(a.name.includes('.wh.')))
}

async function outcome(run: () => Promise<string>): Promise<string> {
  try {
    return withoutLinkCounts(await run())
  } catch (error) {
    if (isRocketError(error)) return 'refused'
    throw error
  }
}

/** Names of one file in several trees are several files to an overlay, and to a walk. */
function isNoLink(difference: Difference): boolean {
  return !(difference.kind === 'changed' && difference.changes.some(({ what }) => what === 'type'))
}

/** An overlay cannot keep a hard link between a file of a lower layer and its copy. */
function withoutLinkCounts(text: string): string {
  return text
    .split('\n')
    .map((line) => {
      const words = line.split(' ')
      return words[1]!.length === 6 ? [...words.slice(0, 3), ...words.slice(4)].join(' ') : line.replace(/ trusted\.overlay\.\S+/g, '')
    })
    .join('\n')
}

test('an overlay of composed layers, mounted or walked, shows what applying them in turn gives', asRoot, async () => {
  await fc.assert(
    fc.asyncProperty(layers, async (specs) => {
      const directory = mkdtempSync(join(tmpdir(), 'rocket-property-'))
      try {
        const tars = specs.map((layer) => makeTar(deletionsFirst(layer)))
        const expected = await outcome(() => applied(directory, tars))
        const got = await outcome(() => composed(directory, tars))
        // In turn, a layer may stumble over what a later entry of its own replaces; alone, it does not meet it.
        if (expected !== 'refused') assert.equal(got, expected)
      } finally {
        rmSync(directory, { recursive: true, force: true })
      }
    }),
    { numRuns: Number(process.env['ROCKET_PROPERTY_RUNS'] ?? 60) },
  )
})
