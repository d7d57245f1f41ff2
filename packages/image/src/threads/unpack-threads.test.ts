import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { appendFileSync, existsSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, test, type TestContext } from 'node:test'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import fc from 'fast-check'
import { digestOf } from '@rocket/host'
import { describeTree, makeStage, type Stage } from '../testing/canary.ts'
import { type EntrySpec, makeTar } from '../testing/make-tar.ts'
import { type UnpackedLayer, unpackLayer } from '../unpack-layer.ts'
import type { ThreadUnpackOptions } from './messages.ts'
import { toSentError } from './sent-error.ts'
import { UnpackThreads } from './unpack-threads.ts'

const threads = new UnpackThreads(2)
after(() => threads.close())

function stageFor(t: Pick<TestContext, 'after'>): Stage {
  const stage = makeStage()
  t.after(() => stage.remove())
  return stage
}

/** Written in pieces beside the tree, told of as it grows. */
async function unpackThere(bytes: Buffer, stage: Stage, options: ThreadUnpackOptions = {}, piece = 100_000): Promise<UnpackedLayer> {
  const path = `${stage.target}.layer`
  writeFileSync(path, '')
  const unpacking = threads.unpack(path, stage.target, { ...options, sizeBytes: bytes.length })
  for (let at = 0; at < bytes.length; at += piece) {
    appendFileSync(path, bytes.subarray(at, at + piece))
    unpacking.grown(Math.min(bytes.length, at + piece))
  }
  unpacking.complete()
  return unpacking.result
}

interface Outcome {
  result: UnpackedLayer | Omit<ReturnType<typeof toSentError>, 'stack'>
  tree: string | undefined
}

/** What is returned, or all that is said of an error but where it was made; and the tree. */
async function outcome(stage: Stage, work: Promise<UnpackedLayer>): Promise<Outcome> {
  const result = await work.catch((error: unknown) => JSON.parse(JSON.stringify(toSentError(error), (key, value: unknown) => (key === 'stack' ? undefined : value))) as Outcome['result'])
  // Marks of deletions are as old as they are: nothing says another time.
  const tree = existsSync(stage.target) ? describeTree(stage.target).replaceAll(/^(\S+ 20000 \S+ \S+) \d+/gm, '$1') : undefined
  return { result, tree }
}

async function compare(t: Pick<TestContext, 'after'>, bytes: Buffer, options: ThreadUnpackOptions = {}): Promise<Outcome> {
  const [here, there] = [stageFor(t), stageFor(t)]
  const expected = await outcome(here, unpackLayer((async function* () { yield bytes })(), here.target, { ...options, sizeBytes: bytes.length }))
  assert.deepEqual(await outcome(there, unpackThere(bytes, there, options)), expected)
  return expected
}

const specs: fc.Arbitrary<EntrySpec[]> = fc.array(fc.record({
  name: fc.constantFrom('a', 'b/', 'b/c', 'b/d/e', 'l/x', '.wh.a', 'b/.wh.c', '../up', 'm'),
  content: fc.constantFrom('', 'one', 'x'.repeat(70_000)),
  mode: fc.constantFrom(0o600, 0o755, 0o4755),
  mtimeNs: fc.constantFrom(1n, 1_700_000_000_123_456_789n),
}), { maxLength: 8 }).map((entries) => entries.map(({ content, ...rest }) => (rest.name.endsWith('/') || rest.name.includes('.wh.') ? rest : { ...rest, content })))

test('a thread makes the same tree of a layer as this one, and reports the same, or fails in the same words', async (t) => {
  await fc.assert(fc.asyncProperty(specs, fc.constantFrom((tar: Buffer) => tar, gzipSync, zstdCompressSync), fc.boolean(), async (entries, compress, hasLower) => {
    await compare(t, compress(makeTar(entries)), { hasLower })
  }), { numRuns: 40 })
})

const content = randomBytes(3_000_000)
const layer = gzipSync(makeTar([{ name: 'etc/passwd', content: 'root' }, { name: 'blob', content }]), { level: 1 })
const damaged = Buffer.from(layer)
damaged.fill(0xff, 1_000_000, 1_000_100)

for (const [code, what, bytes, options] of [
  ['LAYER_DIGEST_MISMATCH', 'bytes of another digest', layer, { digest: `sha256:${digestOf('sha256', 'other')}` }],
  ['LAYER_DIGEST_MISMATCH', 'a tar of another digest', layer, { diffId: `sha256:${digestOf('sha256', 'other')}` }],
  ['LAYER_CORRUPT', 'damaged gzip', damaged, {}],
  ['LAYER_CORRUPT', 'half of it', layer.subarray(0, 1_000_000), {}],
  ['LAYER_TOO_LARGE', 'a bomb', gzipSync(Buffer.alloc(50_000_000)), { limits: { ratioFromBytes: 1 << 20 } }],
  ['LAYER_TOO_LARGE', 'too many files', layer, { limits: { maxEntries: 1 } }],
  ['ENTRY_ESCAPES_ROOTFS', 'an entry that climbs out', gzipSync(makeTar([{ name: '../../canary/f', content: 'dead' }])), {}],
  ['ENTRY_PARENT_NOT_DIRECTORY', 'an entry below a file', gzipSync(makeTar([{ name: 'a', content: 'x' }, { name: 'a/b', content: 'y' }])), {}],
  ['HARDLINK_TARGET_MISSING', 'a hard link to nothing', gzipSync(makeTar([{ name: 'a', type: 'hardlink', linkname: 'b' }])), {}],
  ['ENTRY_LIMIT', 'an attribute that the disk refuses', gzipSync(makeTar([{ name: 'a', xattrs: [['user.a', Buffer.alloc(64_000)]] }])), {}],
  ['WHITEOUT_INVALID', 'a whiteout of nothing', gzipSync(makeTar([{ name: '.wh..' }])), { hasLower: true }],
] as const) {
  test(`${what} is refused by a thread with code, what, why, hint and cause, and leaves nothing (${code})`, async (t) => {
    const { result, tree } = await compare(t, bytes, options)
    assert.equal('rocket' in result ? result.rocket?.code : undefined, code)
    assert.equal(tree, undefined)
  })
}

test('an xz layer is unpacked by a thread, through the program', async (t) => {
  const bytes = execFileSync('xz', ['-0', '-c'], { input: makeTar([{ name: 'f', content: 'x'.repeat(300_000) }]) })
  const { tree } = await compare(t, bytes, { diffId: `sha256:${digestOf('sha256', execFileSync('xz', ['-dc'], { input: bytes }))}` })
  assert.match(tree ?? '', /\.\/f /)
})

test('many layers at once share few threads', async (t) => {
  const stages = Array.from({ length: 8 }, () => stageFor(t))
  const before = threadNames()
  await Promise.all(stages.map((stage, index) => unpackThere(gzipSync(makeTar([{ name: `f${index}`, content }]), { level: 1 }), stage)))
  assert.equal(threadNames(), 2, `${before} before`)
  for (const [index, stage] of stages.entries()) assert.deepEqual(readdirSync(stage.target), [`f${index}`])
})

test('a layer whose source failed is rejected with that very error, once the thread has removed what it made', async (t) => {
  const stage = stageFor(t)
  const path = `${stage.target}.layer`
  writeFileSync(path, layer.subarray(0, 2_000_000))
  const unpacking = threads.unpack(path, stage.target, { sizeBytes: layer.length })
  unpacking.grown(2_000_000)
  while (!existsSync(join(stage.target, 'blob'))) await new Promise((resolve) => setTimeout(resolve, 5))
  const why = new Error('the server went away')
  unpacking.stop(why)
  unpacking.stop(new Error('and something else'))
  assert.equal(await unpacking.result.catch((error: unknown) => error), why)
  assert.ok(!existsSync(stage.target))
})

test('a layer in a thread that ends is rejected', async (t) => {
  const stage = stageFor(t)
  const own = new UnpackThreads(1)
  const path = `${stage.target}.layer`
  writeFileSync(path, layer)
  const { result, grown } = own.unpack(path, stage.target, { sizeBytes: layer.length })
  grown(1000)
  const rejected = assert.rejects(result, /the thread that unpacked the layer ended/)
  await own.close()
  await rejected
})

function threadNames(): number {
  return readdirSync('/proc/self/task').filter((id) => execFileSync('cat', [`/proc/${process.pid}/task/${id}/comm`], { encoding: 'utf8' }) === 'unpack\n').length
}
