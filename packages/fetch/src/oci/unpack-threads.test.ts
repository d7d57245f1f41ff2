import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { isRocketError } from '@rocket/contracts'
import { makeWorkshop, type Workshop } from '../testing/fetch-in.ts'
import { makeLayout, packDirectory } from '../testing/make-layout.ts'

const skip: string | false = availableParallelism() > 1 ? false : 'this machine has one core'

interface Fetched {
  workshop: Workshop
  /** How many unpacked. */
  threads: number
  error: unknown
}

/** An image of layers with this much in them, fetched while the threads of this process are counted. */
async function fetchImage(t: TestContext, sizes: readonly number[], spoil: (tar: Buffer, index: number) => Buffer = (tar) => tar): Promise<Fetched> {
  const workshop = makeWorkshop(t)
  const tars = sizes.map((size, index) => {
    const directory = join(workshop.directory, `layer${index}`)
    mkdirSync(join(directory, `d${index}`), { recursive: true })
    for (let file = 0; file < 8; file += 1) writeFileSync(join(directory, `d${index}`, `f${file}`), randomBytes(size / 8))
    return spoil(packDirectory(directory), index)
  })
  const layout = makeLayout(join(workshop.directory, 'layout'), tars)
  // By the last name that was seen: a thread begins with that of the one that starts it.
  const names = new Map<string, string>()
  const watching = setInterval(() => {
    for (const id of threadIds()) names.set(id, nameOf(id) ?? names.get(id) ?? '')
  }, 2)
  const error: unknown = await workshop.fetch([`oci:${layout.directory}`]).then(() => undefined, (thrown: unknown) => thrown)
  clearInterval(watching)
  return { workshop, threads: [...names.values()].filter((name) => name === 'unpack').length, error }
}

const threadIds = (): string[] => readdirSync('/proc/self/task')
const unpackingThreads = (): string[] => threadIds().filter((id) => nameOf(id) === 'unpack')

/** Undefined for a thread that has just ended. */
function nameOf(id: string): string | undefined {
  try {
    return readFileSync(`/proc/self/task/${id}/comm`, 'utf8').trim()
  } catch {
    return undefined
  }
}

const large = 6 * 1024 * 1024

test('several layers are unpacked by a thread each, as far as there are cores, and none is left', { skip }, async (t) => {
  const { workshop, threads, error } = await fetchImage(t, [large, large, large])
  assert.equal(error, undefined)
  assert.equal(threads, Math.min(3, availableParallelism()))
  assert.deepEqual(unpackingThreads(), [])
  const layers = join(workshop.store.directory, 'layers')
  const trees = readdirSync(layers).filter((name) => !name.endsWith('.json'))
  assert.deepEqual(trees.flatMap((tree) => readdirSync(join(layers, tree))).sort(), ['d0', 'd1', 'd2'])
  for (const tree of trees) {
    const [name = ''] = readdirSync(join(layers, tree))
    const source = join(workshop.directory, name.replace('d', 'layer'), name)
    for (const file of readdirSync(source)) assert.ok(readFileSync(join(layers, tree, name, file)).equals(readFileSync(join(source, file))), file)
  }
})

test('what is small is not worth a thread', { skip }, async (t) => {
  const { threads, error } = await fetchImage(t, [400_000, 400_000])
  assert.deepEqual([threads, error], [0, undefined])
})

test('one bad layer of several fails the fetch in the words that it has alone, and leaves nothing behind', { skip }, async (t) => {
  const climbing = (tar: Buffer): Buffer => {
    const bad = packDirectory(join(import.meta.dirname, '../testing'), ['--transform=s,^,../,', '--absolute-names'])
    return Buffer.concat([tar.subarray(0, endOfEntries(tar)), bad])
  }
  const alone = await fetchImage(t, [400_000], climbing)
  const several = await fetchImage(t, [large, large, large], (tar, index) => (index === 1 ? climbing(tar) : tar))
  assert.ok(isRocketError(alone.error, 'ENTRY_ESCAPES_ROOTFS'))
  assert.ok(isRocketError(several.error) && several.threads > 0)
  assert.deepEqual(several.error.toDocument(), alone.error.toDocument())
  assert.deepEqual(unpackingThreads(), [])
  const { directory } = several.workshop.store
  assert.deepEqual([readdirSync(join(directory, 'ingest')), readdirSync(join(directory, 'images'))], [[], []])
})

/** Where the blocks of zeros begin. */
function endOfEntries(tar: Buffer): number {
  let end = tar.length
  while (tar.subarray(end - 512, end).every((byte) => byte === 0)) end -= 512
  return end
}
