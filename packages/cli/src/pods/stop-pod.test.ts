import assert from 'node:assert/strict'
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { isRocketError } from '@rocket/contracts'
import { startTime } from '@rocket/host'
import type { LocatedPod } from './locate.ts'
import { stopPod } from './stop-pod.ts'

const directory = mkdtempSync(join(tmpdir(), 'rkt-stop-'))
after(() => rmSync(directory, { recursive: true }))
const pod: LocatedPod = { uuid: '11111111-1111-4000-8000-111111111111', place: 'run', state: 'running', directory }

async function startSleep(): Promise<ChildProcess & { pid: number }> {
  const child = spawn('sleep', ['60'])
  await once(child, 'spawn')
  return child as ChildProcess & { pid: number }
}

function record(file: 'stage2.json' | 'sandbox.json', value: object): void {
  writeFileSync(join(directory, file), JSON.stringify(value))
}

function forget(): void {
  for (const file of ['stage2.json', 'sandbox.json']) rmSync(join(directory, file), { force: true })
}

for (const [force, signal] of [
  [false, 'SIGTERM'],
  [true, 'SIGKILL'],
] as const) {
  test(`${force ? 'force' : 'stop'} sends ${signal} to the recorded supervisor`, async () => {
    forget()
    const child = await startSleep()
    record('stage2.json', { process: { pid: child.pid, startTime: startTime(child.pid) } })
    const ended = once(child, 'exit')
    stopPod(pod, force)
    assert.deepEqual(await ended, [null, signal])
  })
}

test('where another program supervises, the driver is told', async () => {
  forget()
  const child = await startSleep()
  record('sandbox.json', { driver: { pid: child.pid, startTime: startTime(child.pid) } })
  const ended = once(child, 'exit')
  stopPod(pod, false)
  assert.deepEqual(await ended, [null, 'SIGTERM'])
})

test('force also kills the first process of a pod whose supervisor is gone', async () => {
  forget()
  const child = await startSleep()
  record('stage2.json', { process: { pid: 4194304, startTime: 1 } })
  record('sandbox.json', { holder: { pid: child.pid, startTime: startTime(child.pid) } })
  assert.throws(() => stopPod(pod, false), (error) => isRocketError(error, 'POD_WRONG_STATE'))
  const ended = once(child, 'exit')
  stopPod(pod, true)
  assert.deepEqual(await ended, [null, 'SIGKILL'])
})

test('a process that got the same number later is left alone', async () => {
  forget()
  const child = await startSleep()
  record('stage2.json', { process: { pid: child.pid, startTime: (startTime(child.pid) ?? 0) - 1 } })
  assert.throws(() => stopPod(pod, true), (error) => isRocketError(error, 'POD_WRONG_STATE'))
  assert.equal(child.exitCode, null)
  const ended = once(child, 'exit')
  child.kill('SIGKILL')
  await ended
})
