import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { native } from '@rocket/host'
import { syncFileSystem } from './sync-file-system.ts'

/** The kernel's own call, counted. */
function countSyncs(t: TestContext): { calls: number; atOnce: number } {
  const counts = { calls: 0, atOnce: 0, running: 0 }
  const part = native()
  const { syncfs } = part
  t.after(() => { part.syncfs = syncfs })
  part.syncfs = async (fd) => {
    counts.calls += 1
    counts.running += 1
    counts.atOnce = Math.max(counts.atOnce, counts.running)
    await syncfs(fd)
    counts.running -= 1
  }
  return counts
}

function directoryFor(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'rocket-sync-'))
  t.after(() => rmSync(directory, { recursive: true }))
  return directory
}

test('those who come while a sync runs share one that begins after it', async (t) => {
  const counts = countSyncs(t)
  const directory = directoryFor(t)
  const order: string[] = []
  const first = syncFileSystem(directory).then(() => order.push('first'))
  await Promise.all([first, ...['second', 'third', 'fourth'].map((name) => syncFileSystem(directory).then(() => order.push(name)))])
  assert.deepEqual([counts.calls, counts.atOnce], [2, 1])
  assert.equal(order[0], 'first')
})

test('one after the other, each is a sync of its own', async (t) => {
  const counts = countSyncs(t)
  const directory = directoryFor(t)
  for (let turn = 0; turn < 3; turn += 1) await syncFileSystem(directory)
  assert.equal(counts.calls, 3)
})

test('a sync that fails is told to those who waited for it, and not to the next', async (t) => {
  const directory = directoryFor(t)
  await assert.rejects(syncFileSystem(join(directory, 'nothing')), { code: 'ENOENT' })
  await syncFileSystem(directory)
  const part = native()
  const { syncfs } = part
  t.after(() => { part.syncfs = syncfs })
  let calls = 0
  part.syncfs = async (fd) => {
    calls += 1
    await syncfs(calls === 1 ? -1 : fd)
  }
  const [first, second] = await Promise.allSettled([syncFileSystem(directory), syncFileSystem(directory)])
  assert.deepEqual([first.status, second.status], ['rejected', 'fulfilled'])
})
