import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { bootId } from './boot-id.ts'
import { native } from './native.ts'
import { childrenOf, isAlive, parseProcessStat, processStat, signalName, signalNumber, startTime } from './process.ts'
import { spawn } from './spawn.ts'
import { eventually } from './testing/support.ts'

test('a process is known by its pid and start time', () => {
  const pid = spawn('/bin/sleep', ['sleep', '60'], {})
  const born = startTime(pid)
  assert.ok(born !== undefined && isAlive(pid) && isAlive(pid, born))
  assert.equal(isAlive(pid, born + 1), false)
  assert.deepEqual(childrenOf(process.pid), [pid])
  assert.equal(processStat(pid)?.parent, process.pid)
  native().kill(pid, 9)
  assert.ok(eventually(() => processStat(pid)?.state === 'Z'))
  assert.equal(isAlive(pid, born), false, 'one that waits to be reaped is not alive')
  native().waitPid(pid, true)
  assert.equal(processStat(pid), undefined)
  assert.deepEqual(childrenOf(pid), [])
})

test('any name is read from the process table', () => {
  fc.assert(fc.property(fc.string({ maxLength: 15 }), (name) => {
    const tail = ['S', '7', '8', '9', ...Array.from({ length: 15 }, (_, index) => String(100 + index)), '4242', '0'].join(' ')
    assert.deepEqual(parseProcessStat(`12 (${name}) ${tail}`), { pid: 12, name, state: 'S', parent: 7, processGroup: 8, session: 9, startTime: 4242 })
  }))
})

for (const [text, number] of [
  ['TERM', 15], ['SIGTERM', 15], ['term', 15], ['15', 15], ['SIG40', 40], ['64', 64],
  ['0', undefined], ['65', undefined], ['SIG99', undefined], ['-9', undefined], ['9x', undefined], ['', undefined], ['TERMINATE', undefined],
] as const) {
  test(`signal ${JSON.stringify(text)} is ${number}`, () => assert.equal(signalNumber(text), number))
}

test('names and numbers of signals are inverse', () => {
  for (let signal = 1; signal <= 64; signal++) if (signal < 30 || signal > 32) assert.equal(signalNumber(signalName(signal)), signal)
})

test('the boot has an identity', () => assert.match(bootId(), /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/))
