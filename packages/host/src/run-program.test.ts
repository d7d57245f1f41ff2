import assert from 'node:assert/strict'
import { chmodSync, readdirSync, writeFileSync } from 'node:fs'
import { test } from 'node:test'
import { findProgram, installHint, requireProgram } from './find-program.ts'
import { isAlive } from './process.ts'
import { finishPrograms, runProgram, runProgramOrFail, startProgram } from './run-program.ts'
import { code, eventually, temporaryDirectory } from './testing/support.ts'

const shell = (script: string): readonly string[] => ['-c', script]

test('output of both streams and the exit code come back', () => {
  const result = runProgram('sh', shell('echo out; echo err >&2; exit 3'))
  assert.deepEqual([result.stdout.toString(), result.stderr.toString(), result.exitCode, result.signal, result.timedOut], ['out\n', 'err\n', 3, undefined, false])
})

test('a signal is told as such', () => {
  const result = runProgram('sh', shell('kill -11 $$'))
  assert.deepEqual([result.exitCode, result.signal], [undefined, 11])
})

test('input and output larger than a pipe pass through at once', () => {
  const input = Buffer.alloc(1 << 20, 'rocket')
  assert.deepEqual(runProgramOrFail('cat', [], { input }), input)
})

test('a program that does not read its input is no failure', () => {
  assert.equal(runProgram('true', [], { input: Buffer.alloc(1 << 20) }).exitCode, 0)
})

test('without input it reads the end at once', () => {
  assert.equal(runProgramOrFail('cat', []).length, 0)
})

test('a program over its time is killed with all it has started', () => {
  const before = performance.now()
  const result = runProgram('sh', shell('trap "" TERM; sleep 60 & echo $!; wait'), { timeoutMs: 200 })
  assert.deepEqual([result.timedOut, result.signal], [true, 9])
  assert.ok(performance.now() - before < 2000)
  assert.ok(eventually(() => !isAlive(Number(result.stdout.toString()))))
})

test('a daemon that keeps the streams open is not waited for', () => {
  const before = performance.now()
  const result = runProgram('sh', shell('sleep 60 & echo $!'))
  assert.equal(result.exitCode, 0)
  assert.ok(performance.now() - before < 2000)
  process.kill(Number(result.stdout.toString()), 'SIGKILL')
})

test('more output than is wanted is dropped, and said', () => {
  const result = runProgram('sh', shell('head -c 300000 /dev/zero'), { maxOutputBytes: 1000 })
  assert.deepEqual([result.stdout.length, result.truncated, result.exitCode], [1000, true, 0])
})

test('several run at the same time', () => {
  const before = performance.now()
  const results = finishPrograms(['a', 'b', 'c'].map((word) => startProgram('sh', shell(`sleep 0.2; echo ${word}`))))
  assert.deepEqual(results.map((result) => result.stdout.toString().trim()), ['a', 'b', 'c'])
  assert.ok(performance.now() - before < 500)
})

test('a failure is told with the last words of the program', () => {
  assert.throws(() => runProgramOrFail('sh', shell('echo first >&2; echo last >&2; exit 7')), (error) => code('PROGRAM_FAILED')(error) && /exit code 7: first; last/.test(String(error)))
  assert.throws(() => runProgramOrFail('sleep', ['60'], { timeoutMs: 20 }), /did not end in its time/)
})

test('a missing program is told with what to install, and no descriptor is left', () => {
  const open = readdirSync('/proc/self/fd').length
  assert.throws(() => runProgram('no-such-program', []), code('PROGRAM_MISSING'))
  const path = `${temporaryDirectory()}/bad`
  writeFileSync(path, 'x')
  chmodSync(path, 0o755)
  assert.throws(() => runProgram(path, []), code('PROGRAM_MISSING'))
  runProgram('true', [])
  assert.equal(readdirSync('/proc/self/fd').length, open)
})

test('programs of root are found without their directories in PATH', () => {
  assert.equal(findProgram('sh', ''), '/usr/bin/sh')
  assert.equal(findProgram('no-such-program'), undefined)
  assert.equal(installHint('xz'), 'apt-get install xz-utils')
})

test('the working directory is no place to find programs in', () => {
  const directory = temporaryDirectory()
  writeFileSync(`${directory}/rocket-probe`, '#!/bin/sh\n', { mode: 0o755 })
  process.chdir(directory)
  assert.equal(findProgram('rocket-probe', '.::relative'), undefined)
  assert.equal(findProgram('rocket-probe', directory), `${directory}/rocket-probe`)
  assert.equal(requireProgram('./rocket-probe'), './rocket-probe')
  process.chdir('/')
})
