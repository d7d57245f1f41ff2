import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { chooseFiles } from './images.ts'
import { inTurn, median, time } from './measure.ts'
import { descendants } from './processes.ts'
import { judge, table } from './report.ts'
import type { Row } from './row.ts'

const row: Row = { id: 'x', what: 'something', peer: 'other', unit: 'ms', most: { ratio: 0.5 }, measure: () => Promise.reject(new Error()) }

test('takes the median of odd and of even numbers of values', () => {
  assert.equal(median([3, 1, 2]), 2)
  assert.equal(median([4, 1, 2, 3]), 2.5)
})

test('runs both in turn and does not count the first turn', async () => {
  const order: string[] = []
  const pair = await inTurn(2, () => order.push('a'), () => order.push('b'))
  assert.deepEqual(order, ['a', 'b', 'a', 'b', 'a', 'b'])
  assert.deepEqual(pair, { ours: [3, 5], peer: [4, 6] })
})

test('a program that fails is no measurement', () => {
  assert.throws(() => time({ file: 'sh', args: ['-c', 'echo because >&2; exit 3'] }), /exit code 3: because/)
})

for (const [ours, kept] of [[[49, 50, 51], true], [[50.2], false]] as const) {
  test(`a ratio of ${median(ours) / 100} with a bound of 0.5 is ${kept ? 'kept' : 'not kept'}`, () => {
    const result = judge(row, { ours: [...ours], peer: [100] })
    assert.equal(result.kept, kept)
    assert.match(table([result]), kept ? /\| yes / : /\| NO /)
  })
}

test('a bound without a peer is compared with the number itself', () => {
  assert.equal(judge({ ...row, most: { value: 11 }, unit: 'MB' }, { ours: [10.9], peer: [] }).kept, true)
  assert.equal(judge({ ...row, most: { value: 11 }, unit: 'MB' }, { ours: [11.1], peer: [] }).kept, false)
})

test('finds the processes below others, in whatever order they are listed', () => {
  const all = [[4, 3], [3, 1], [1, 0], [9, 0]].map(([pid, parent]) => ({ pid: pid as number, parent: parent as number, command: '' }))
  assert.deepEqual(descendants([1], all).map((one) => one.pid), [4, 3, 1])
})

test('the files of the big image are a sample over all sizes that stays within its size', () => {
  const root = mkdtempSync(join(tmpdir(), 'rocket-bench-'))
  mkdirSync(join(root, 'below'))
  for (let index = 0; index < 40; index++) writeFileSync(join(root, index % 2 === 0 ? 'below' : '.', `file-${index}`), 'x'.repeat(index))
  const chosen = chooseFiles(root)
  assert.ok(chosen.length >= 39)
  assert.deepEqual(chosen, chosen.toSorted())
  assert.ok(chosen.every((path) => statSync(path).isFile()))
  rmSync(root, { recursive: true })
})
