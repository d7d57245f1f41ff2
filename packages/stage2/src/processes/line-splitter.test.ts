import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { LineSplitter } from './line-splitter.ts'

function split(chunks: readonly Buffer[]): string[] {
  const lines: string[] = []
  const splitter = new LineSplitter((line) => lines.push(line.toString('latin1')))
  for (const chunk of chunks) splitter.push(chunk)
  splitter.end()
  return lines
}

test('gives the same lines however the bytes are cut', () => {
  const chunk = fc.string({ unit: fc.constantFrom('a', 'b', '\n') }).map((text) => Buffer.from(text))
  fc.assert(fc.property(fc.array(chunk), (chunks) => {
    const text = Buffer.concat(chunks).toString()
    const lines = text.split('\n')
    if (lines.at(-1) === '') lines.pop()
    assert.deepEqual(split(chunks), lines)
  }))
})

test('cuts a line that never ends', () => {
  const lines = split([Buffer.alloc(200_000, 'x')])
  assert.equal(lines.join('').length, 200_000)
  assert.ok(lines.every((line) => line.length <= 65_536))
})
