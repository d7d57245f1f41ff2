import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { closeSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import type { Sandbox } from '@rocket/contracts'
import { bootId, enterCgroup, HandoffFiles, lockDirectory, lockHolders, makeCgroup, native, processStat, removeCgroup, runProgram, startTime } from '@rocket/host'
import { endLeftBehind } from './left-behind.ts'

const uuid = randomUUID()
const base = mkdtempSync(join(tmpdir(), 'left-behind-'))
after(() => rmSync(base, { recursive: true }))
const asRoot = { skip: process.geteuid?.() === 0 ? false : 'needs root' as const }

const us = { pid: process.pid, startTime: startTime(process.pid) ?? 0 }
/** Our pid, before us. */
const gone = { pid: process.pid, startTime: 1 }

/** A pod whose lock is held by a copy of the descriptor of a process that has ended. Returns its directory and who has the copy. */
function makePod(driver: Sandbox['driver'] | undefined, holder: Sandbox['holder'] = gone): { directory: string; daemon: number } {
  const directory = mkdtempSync(join(base, 'pod-'))
  if (driver !== undefined) {
    new HandoffFiles(directory).write('Sandbox', {
      version: 1, uuid, madeAt: '2026-11-23T20:00:00.000Z', bootId: bootId(), driver, holder, namespaces: { mount: '/proc/1/ns/mnt' },
    })
  }
  runProgram('/bin/sh', ['-c', 'exec 9<"$0"; flock 9; setsid sleep 100 >/dev/null 2>&1 </dev/null &', directory])
  const [found] = lockHolders(directory)
  return { directory, daemon: found?.pid ?? assert.fail('nobody holds the lock') }
}

function isRunning(pid: number): boolean {
  const state = processStat(pid)?.state
  return state !== undefined && state !== 'Z'
}

function end({ daemon }: { daemon: number }): void {
  native().kill(daemon, 9)
}

test('what has the lock of a pod that is over is ended', asRoot, () => {
  const pod = makePod(gone)
  assert.equal(endLeftBehind(uuid, pod.directory), true)
  assert.equal(isRunning(pod.daemon), false)
  closeSync(lockDirectory(pod.directory, { kind: 'exclusive' }))
})

for (const [what, make] of [
  ['its driver lives', () => makePod(us)],
  ['its first process lives', () => makePod(gone, us)],
  ['nothing is known of its processes', () => makePod(undefined)],
] as const) {
  test(`nothing is done while ${what}`, asRoot, () => {
    const pod = make()
    assert.equal(endLeftBehind(uuid, pod.directory), false)
    assert.equal(isRunning(pod.daemon), true)
    end(pod)
  })
}

test('nothing is done while its supervisor lives', asRoot, () => {
  const pod = makePod(gone)
  new HandoffFiles(pod.directory).write('Stage2State', { version: 1, uuid, process: us, state: 'ready', startedAt: '2026-11-23T20:00:00.000Z' })
  assert.equal(endLeftBehind(uuid, pod.directory), false)
  end(pod)
})

test('nothing is done while a process is in its cgroups', asRoot, () => {
  const pod = makePod(gone)
  const name = `rkt-${uuid}-web`
  const child = native().spawn('/bin/sleep', ['sleep', '100'], [], { fds: [-1, 1, 2], parentDeathSignal: 9 })
  enterCgroup(makeCgroup(name), child)
  assert.equal(endLeftBehind(uuid, pod.directory), false)
  native().kill(child, 9)
  native().waitPid(child, true)
  removeCgroup(name)
  end(pod)
})

test('nothing is done while whoever took the lock lives: it may be another gc', asRoot, () => {
  const pod = makePod(gone)
  end(pod)
  for (let tries = 0; tries < 100 && lockHolders(pod.directory).length > 0; tries++) native().poll([], [], 10)
  const lock = lockDirectory(pod.directory, { kind: 'exclusive' })
  assert.equal(endLeftBehind(uuid, pod.directory), false)
  closeSync(lock)
})
