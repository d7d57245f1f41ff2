import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { test } from 'node:test'
import { Worker } from 'node:worker_threads'
import { gunzipSync, gzipSync } from 'node:zlib'
import { createDigest } from './hash.ts'
import { native } from './native.ts'
import { moduleUrl, temporaryDirectory } from './testing/support.ts'

/** Each does what shares a buffer badly if anything does: attributes of its own, of the greatest length; digests of a file; failures. */
const source = `
  import { workerData, parentPort } from 'node:worker_threads'
  const { native, digestFile } = await import(${JSON.stringify(moduleUrl('index.ts'))})
  const { file, fill } = workerData
  const wanted = Buffer.alloc(2000, fill)
  native().setXattr(file, 'user.own', wanted)
  const digest = digestFile('sha256', file)
  let wrong = 0
  for (let turn = 0; turn < 3000; turn++) {
    if (!native().getXattr(file, 'user.own').equals(wanted)) wrong++
    if (native().listXattrs(file).join() !== 'user.own') wrong++
    if (turn % 100 === 0 && digestFile('sha256', file) !== digest) wrong++
    try { native().mkdirat(-1, file, 0o700); wrong++ } catch (error) { if (error.path !== file) wrong++ }
  }
  parentPort.postMessage({ wrong, digest })
`

test('several threads use the addon at once, and none sees what is another one\'s', async () => {
  const directory = temporaryDirectory()
  const found = await Promise.all(['a', 'b', 'c', 'd'].map((fill) => {
    const file = `${directory}/${fill}`
    writeFileSync(file, Buffer.alloc(400_000, fill))
    const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(source)}`), { workerData: { file, fill } })
    return new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject))
  }))
  assert.deepEqual(found, ['a', 'b', 'c', 'd'].map((fill) => ({ wrong: 0, digest: createHash('sha256').update(fill.repeat(400_000)).digest('hex') })))
})

test('a thread may end while the pool still works for it', async () => {
  for (let turn = 0; turn < 10; turn++) {
    const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(`
      import { parentPort } from 'node:worker_threads'
      const { createDigest, native } = await import(${JSON.stringify(moduleUrl('index.ts'))})
      for (let job = 0; job < 20; job++) createDigest('sha512').updateLater(Buffer.alloc(4_000_000))
      native().inflate(native().inflateBegin(true), Buffer.alloc(0), Buffer.alloc(10)).catch(() => {})
      parentPort.postMessage('started')`)}`))
    await new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject))
    assert.equal(await worker.terminate(), 1)
  }
})

test('a digest grows in the pool as it does here', async () => {
  for (const algorithm of ['sha256', 'sha512'] as const) {
    const chunks = Array.from({ length: 20 }, (_, index) => randomBytes(index * 7777))
    const digest = createDigest(algorithm)
    for (const chunk of chunks) await digest.updateLater(chunk)
    assert.equal(digest.hex(), createHash(algorithm).update(Buffer.concat(chunks)).digest('hex'))
  }
})

test('gzip is inflated piece by piece, as far as input and output reach', async () => {
  const packed = gzipSync(randomBytes(100_000))
  const stream = native().inflateBegin(true)
  const output = Buffer.alloc(30_000)
  const pieces: Buffer[] = []
  let at = 0
  for (let ended = false; !ended;) {
    const found = await native().inflate(stream, packed.subarray(at, at + 20_000), output)
    pieces.push(Buffer.from(output.subarray(0, found.written)))
    at += found.read
    ended = found.ended
  }
  assert.equal(at, packed.length)
  assert.ok(Buffer.concat(pieces).equals(gunzipSync(packed)))
})

test('a stream inflates one thing at a time, and nothing else is one', async () => {
  const stream = native().inflateBegin(true)
  const first = native().inflate(stream, gzipSync('x'), Buffer.alloc(10))
  assert.throws(() => native().inflate(stream, Buffer.alloc(0), Buffer.alloc(10)), { code: 'EBUSY' })
  assert.deepEqual(await first, { read: gzipSync('x').length, written: 1, ended: true })
  for (const wrong of [undefined, {}, Buffer.alloc(200)]) {
    assert.throws(() => (native().inflate as (...args: unknown[]) => unknown)(wrong, Buffer.alloc(0), Buffer.alloc(0)), { code: 'EINVAL' })
  }
  await assert.rejects(native().inflate(stream, Buffer.from('no gzip at all'), Buffer.alloc(10)), /incorrect header check/)
})
