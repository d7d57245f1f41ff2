import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { parseChallenges } from './challenge.ts'

for (const [header, expected] of [
  ['Basic', [['basic', {}]]],
  ['Basic realm="x, y"', [['basic', { realm: 'x, y' }]]],
  ['Bearer realm="https://a/t",service="s",scope="repository:a/b:pull,push"', [
    ['bearer', { realm: 'https://a/t', service: 's', scope: 'repository:a/b:pull,push' }],
  ]],
  ['Negotiate, Basic Realm=x , Bearer realm = "a\\"b"', [['negotiate', {}], ['basic', { realm: 'x' }], ['bearer', { realm: 'a"b' }]]],
  ['Bearer realm="first",realm="second"', [['bearer', { realm: 'first' }]]],
  ['', []],
  ['"', []],
] as [string, [string, Record<string, string>][]][]) {
  test(`reads the challenge ${header}`, () => {
    assert.deepEqual(parseChallenges(header).map(({ scheme, parameters }) => [scheme, Object.fromEntries(parameters)]), expected)
  })
}

test('what was written is what is read, and nothing makes it run for long', () => {
  const name = fc.stringMatching(/^[a-z]{1,8}$/)
  const value = fc.string({ unit: 'binary-ascii', maxLength: 40 }).filter((text) => !/[\r\n\0]/.test(text))
  fc.assert(fc.property(fc.uniqueArray(fc.tuple(name, value), { minLength: 1, maxLength: 4, selector: ([key]) => key }), (pairs) => {
    const header = `Bearer ${pairs.map(([key, text]) => `${key}="${text.replace(/[\\"]/g, '\\$&')}"`).join(', ')}`
    assert.deepEqual([...parseChallenges(header)[0]!.parameters], pairs)
  }))
  fc.assert(fc.property(fc.string({ maxLength: 300 }), (text) => Array.isArray(parseChallenges(text))), { numRuns: Number(process.env['ROCKET_FUZZ_RUNS'] ?? 100) })
  const began = performance.now()
  parseChallenges(`Bearer realm="${'\\'.repeat(100_000)}`)
  parseChallenges('a '.repeat(50_000))
  assert.ok(performance.now() - began < 1000)
})
