import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  chmodSync, existsSync, linkSync, lstatSync, lutimesSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync,
  utimesSync, writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { test, type TestContext } from 'node:test'
import fc from 'fast-check'
import { describeTree, makeStage } from '../testing/canary.ts'
import { hasCode } from '../testing/has-code.ts'
import { type EntrySpec, makeTar } from '../testing/make-tar.ts'
import type { RenderableImage } from './flatten-images.ts'
import { renderImages, renderKey } from './render-images.ts'

interface Model {
  /** In order; what cannot be made where something else stands is left out. */
  files: { path: string; kind: 'file' | 'directory' | 'link' | 'again'; mode: number }[]
  pathWhitelist: readonly string[]
  dependencies: Model[]
}

const path = fc.constantFrom('a', 'b', 'a/c', 'a/c/d', 'b/c', 'b/e', 'b/c/f', 'a/g')
const files = fc.array(fc.record({
  path, kind: fc.constantFrom('file', 'file', 'directory', 'link', 'again'), mode: fc.constantFrom(0o755, 0o700, 0o4711),
}), { minLength: 1, maxLength: 7 })
const pathWhitelist: fc.Arbitrary<readonly string[]> = fc.oneof(
  { weight: 2, arbitrary: fc.constant([]) }, { weight: 1, arbitrary: fc.array(path.map((text) => `/${text}`), { minLength: 1, maxLength: 5 }) },
)
/** Three levels, up to two dependencies each. */
const model = (level: number): fc.Arbitrary<Model> => fc.record({
  files, pathWhitelist, dependencies: level === 1 ? fc.constant([]) : fc.array(model(level - 1), { maxLength: 2 }),
})

/** Packs what the model says with GNU tar, as people do: directories have entries, and stand before what is in them. */
function pack(image: Model, directory: string): RenderableImage {
  const dependencies = image.dependencies.map((dependency) => pack(dependency, directory))
  const name = String(readdirSync(directory).length)
  const rootfs = join(directory, name, 'rootfs')
  mkdirSync(rootfs, { recursive: true })
  writeFileSync(join(directory, name, 'manifest'), name)
  let last: string | undefined
  for (const [index, { path: inside, kind, mode }] of image.files.entries()) {
    const at = join(rootfs, inside)
    try {
      mkdirSync(dirname(at), { recursive: true })
      if (lstatSync(at, { throwIfNoEntry: false }) !== undefined) continue
      if (kind === 'directory') mkdirSync(at)
      else if (kind === 'link') symlinkSync('b/c', at)
      else if (kind === 'again' && last !== undefined) linkSync(last, at)
      else writeFileSync(last = at, `${name} ${index}`)
    } catch {
      continue
    }
    if (kind !== 'link') chmodSync(at, mode)
  }
  for (const entry of ['', ...listTree(rootfs)].map((each) => join(rootfs, each)).toReversed()) {
    lutimesSync(entry, 1_500_000_000 + Number(name), 1_500_000_000 + Number(name))
  }
  const archive = join(directory, `${name}.aci`)
  execFileSync('tar', ['-C', join(directory, name), '--sort=name', '-cf', archive, 'manifest', 'rootfs'])
  return { path: archive, sha512: sha512(archive), pathWhitelist: image.pathWhitelist, dependencies }
}

/** The same by other means: tar lays each image over those below it, after rm has taken away what lists do not have. */
function applyInTurn(image: RenderableImage, above: readonly (readonly string[])[], base: string, scratch: string): void {
  const own = image.pathWhitelist
  for (const dependency of image.dependencies) applyInTurn(dependency, own.length === 0 ? above : [...above, own], base, scratch)
  const alone = mkdtempSync(join(scratch, 'x'))
  execFileSync('tar', ['-C', alone, '-xf', image.path])
  const rootfs = join(alone, 'rootfs')
  for (const inside of listTree(rootfs).toReversed()) {
    const at = join(rootfs, inside)
    const stats = lstatSync(at, { throwIfNoEntry: false })
    if (stats === undefined) continue
    const leads = (list: readonly string[]): boolean => list.some((each) => each === `/${inside}` || (stats.isDirectory() && each.startsWith(`/${inside}/`)))
    const keeps = (stats.isDirectory() || own.length === 0 || own.includes(`/${inside}`)) && above.every(leads)
    if (keeps) continue
    const { mtime } = statSync(dirname(at))
    rmSync(at, { recursive: true })
    utimesSync(dirname(at), mtime, mtime)
  }
  // tar does not put a file in the place of a directory that is not empty.
  for (const inside of listTree(rootfs)) {
    const there = lstatSync(join(base, inside), { throwIfNoEntry: false })
    if (there?.isDirectory() !== lstatSync(join(rootfs, inside)).isDirectory()) rmSync(join(base, inside), { recursive: true, force: true })
  }
  execFileSync('tar', ['-C', base, '-x'], { input: execFileSync('tar', ['-C', rootfs, '--sort=name', '-c', '.']) })
}

/** Directories before what is in them; Node's own recursive listing goes through links. */
function listTree(root: string): string[] {
  return execFileSync('find', [root, '-mindepth', '1', '-printf', '%P\\n'], { encoding: 'utf8' }).split('\n').filter((name) => name !== '')
}

function sha512(file: string): string {
  return createHash('sha512').update(readFileSync(file)).digest('hex')
}

const asRoot = process.geteuid?.() === 0 ? {} : { skip: 'needs root: tar gives owners away' }

test('renders the tree that tar makes of the same images, laid over each other', asRoot, async () => {
  await fc.assert(fc.asyncProperty(model(3), async (image) => {
    const directory = mkdtempSync(join(tmpdir(), 'rocket-render-'))
    try {
      for (const name of ['images', 'scratch', 'expected']) mkdirSync(join(directory, name))
      const top = pack(image, join(directory, 'images'))
      await renderImages(top, join(directory, 'rendered'))
      applyInTurn(top, [], join(directory, 'expected'), join(directory, 'scratch'))
      assert.equal(describeTree(join(directory, 'rendered')), describeTree(join(directory, 'expected')))
    } finally {
      rmSync(directory, { recursive: true, force: true })
    }
  }), { numRuns: Number(process.env['ROCKET_FUZZ_RUNS'] ?? 40) })
})

function makeArchive(directory: string, specs: readonly EntrySpec[], more: Partial<RenderableImage> = {}): RenderableImage {
  const archive = join(directory, `${readdirSync(directory).length}.tar`)
  writeFileSync(archive, makeTar([{ name: 'manifest', content: 'm' }, { name: 'rootfs/' }, ...specs]))
  return { path: archive, sha512: sha512(archive), pathWhitelist: [], dependencies: [], ...more }
}

function makeDirectory(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'rocket-render-'))
  t.after(() => rmSync(directory, { recursive: true, force: true }))
  return directory
}

test('U3: a link of one image is no way out for the files of another', async (t) => {
  const stage = makeStage()
  t.after(() => stage.remove())
  const archives = makeDirectory(t)
  const base = makeArchive(archives, [
    { name: 'rootfs/out/' }, { name: 'rootfs/out/f', content: 'below' }, { name: 'rootfs/in', linkname: stage.canary },
  ])
  const top = makeArchive(archives, [
    { name: 'rootfs/out', linkname: stage.canary }, { name: 'rootfs/in/' }, { name: 'rootfs/in/f', content: 'above' },
  ], { dependencies: [base], pathWhitelist: ['/out', '/in/f', '/out/f', `/out/../..${stage.canary}/f`] })
  await renderImages(top, stage.target)
  stage.assertUntouched()
  assert.ok(lstatSync(join(stage.target, 'out')).isSymbolicLink())
  assert.equal(readFileSync(join(stage.target, 'in/f'), 'utf8'), 'above')
})

test('refuses an archive that is not the one it was, and leaves no tree', async (t) => {
  const directory = makeDirectory(t)
  const base = makeArchive(directory, [{ name: 'rootfs/f', content: 'as it was' }])
  const top = makeArchive(directory, [], { dependencies: [base] })
  writeFileSync(base.path, readFileSync(base.path).map((byte, at) => (at === 2048 ? byte ^ 1 : byte)))
  await assert.rejects(renderImages(top, join(directory, 'rendered')), hasCode('LAYER_DIGEST_MISMATCH'))
  assert.ok(!existsSync(join(directory, 'rendered')))
})

test('two lists of the same archives have one key, others have others', () => {
  const image = (digest: string, ...dependencies: RenderableImage[]): RenderableImage => ({ path: '', sha512: digest, pathWhitelist: [], dependencies })
  assert.equal(renderKey(image('a', image('b'), image('c'))), 'render a,c,b')
  assert.notEqual(renderKey(image('a', image('b'), image('c'))), renderKey(image('a', image('c'), image('b'))))
})
