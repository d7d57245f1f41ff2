import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'
import { bashCompletion } from './bash.ts'
import { fishCompletion } from './fish.ts'

/** What bash would offer for a line, with a fake `rkt` that knows two pods. */
function complete(...words: string[]): string[] {
  const script = `${bashCompletion()}
    rkt() { printf '%s\\tweb\\timg\\tsha512-0\\t%s\\tc\\ts\\n' 1111 running 2222 exited; }
    COMP_WORDS=(${words.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=${words.length - 1}; __rkt; printf '%s\\n' "\${COMPREPLY[@]}"`
  const { stdout } = spawnSync('bash', ['--norc', '-c', script], { encoding: 'utf8' })
  return stdout.split('\n').filter((line) => line !== '')
}

for (const [words, offered] of [
  [['rkt', 'li'], ['list']],
  [['rkt', 'image', 'cat'], ['cat-manifest']],
  [['rkt', 'enter', ''], ['1111']],
  [['rkt', 'rm', ''], ['2222']],
  [['rkt', 'status', ''], ['1111', '2222']],
  [['rkt', 'list', '--no'], ['--no-legend']],
  [['rkt', '--debug', 'gc', '--gr'], ['--grace-period=']],
] as const) {
  test(`bash completes "${words.join(' ')}"`, () => assert.deepEqual(complete(...words), offered))
}

test('the script for fish has a line for every command', () => {
  assert.match(fishCompletion(), /-a list -d 'List pods'/)
})
