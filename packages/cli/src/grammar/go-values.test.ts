import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FlagValueError } from './flag.ts'
import { formatGoDuration, parseGoBool, parseGoDuration } from './go-values.ts'

for (const [text, ms] of [
  ['0', 0],
  ['0s', 0],
  ['30m', 1_800_000],
  ['1h30m', 5_400_000],
  ['1.5s', 1500],
  ['-2s', -2000],
  ['+1ms', 1],
  ['.5s', 500],
  ['250us', 0.25],
  ['2h45m30s', 9_930_000],
] as const)
  test(`reads the duration ${text}`, () => assert.equal(parseGoDuration(text), ms))

for (const text of ['', '1', 's', '1x', '1s ', '1 s', '--1s', '.s', '1h30']) {
  test(`refuses the duration ${JSON.stringify(text)}`, () => assert.throws(() => parseGoDuration(text), FlagValueError))
}

for (const [ms, text] of [
  [0, '0s'],
  [1_800_000, '30m0s'],
  [86_400_000, '24h0m0s'],
  [1500, '1.5s'],
  [250, '250ms'],
  [-1000, '-1s'],
  [0.5, '500µs'],
] as const) {
  test(`prints ${ms} ms as ${text}`, () => assert.equal(formatGoDuration(ms), text))
}

test('knows exactly twelve spellings of a boolean', () => {
  assert.deepEqual(['1', 't', 'T', 'TRUE', 'true', 'True'].map(parseGoBool), Array(6).fill(true))
  assert.deepEqual(['0', 'f', 'F', 'FALSE', 'false', 'False'].map(parseGoBool), Array(6).fill(false))
  for (const text of ['', 'yes', 'tRUE', 'on', ' 1']) assert.throws(() => parseGoBool(text), FlagValueError)
})
