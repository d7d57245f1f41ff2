import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { scanJson } from './scan-json.ts'

test('finds no fault in JSON, however it is laid out', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.constantFrom(undefined, 2), (value, indent) => {
      assert.equal(scanJson(JSON.stringify(value, null, indent)).fault, undefined)
    }),
  )
})

test('agrees with JSON.parse on text with one character changed', () => {
  fc.assert(
    fc.property(
      fc.jsonValue({ maxDepth: 3 }),
      fc.nat(),
      fc.constantFrom('', '"', '{', ']', ',', '0', '\\', ':', 'x', '.', '-', '\n'),
      (value, at, put) => {
        const text = JSON.stringify(value)
        const changed = text.slice(0, at % text.length) + put + text.slice((at % text.length) + 1)
        let valid = true
        try {
          JSON.parse(changed)
        } catch {
          valid = false
        }
        assert.equal(scanJson(changed).fault === undefined, valid, changed)
      },
    ),
    { numRuns: Number(process.env['ROCKET_FUZZ_RUNS'] ?? 1000) },
  )
})

for (const [text, key] of [
  ['{"a":1,"a":2}', 'a'],
  ['{"a":{"b":1,"B":2}}', 'B'],
  ['{"layers":[],"\\u006cayers":[]}', 'layers'],
  ['[{"a":1},{"a":1}]', undefined],
  ['{"a":"a","b":"a"}', undefined],
] as const)
  test(`in ${text} ${key === undefined ? 'no key' : `the key ${key}`} comes twice`, () => assert.equal(scanJson(text).repeated?.key, key))

test('tells where it stops, what is reserved, and does not follow endless nesting', () => {
  assert.equal(scanJson('{\n "a": oops}').fault?.offset, 8)
  assert.equal(scanJson('{"__proto__":{}}').reserved?.key, '__proto__')
  assert.equal(scanJson('['.repeat(100_000)).fault?.why, 'nested too deep')
  for (const text of ['', '\ufeff{}', '{} {}', 'NaN', '01', '1.', '"\u0001"', '[1,]', '{"a":1,}'])
    assert.notEqual(scanJson(text).fault, undefined, text)
})
