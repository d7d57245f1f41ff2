import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { parseQuantity, QuantityError, roundUp } from './quantity.ts'

for (const [text, bytes] of [
  ['64Mi', 67108864], ['64M', 64000000], ['1G', 1e9], ['0.5Ki', 512], ['1.5k', 1500], ['128', 128], [4096, 4096], ['12e6', 12e6], ['1E3', 1000],
  ['16m', 1], ['100n', 1], ['+5', 5], ['1.', 1], ['.5', 1], ['0', 0], ['1E', Number.MAX_SAFE_INTEGER], ['9Ei', Number.MAX_SAFE_INTEGER],
] as const) test(`${text} is ${bytes} bytes`, () => assert.equal(roundUp(parseQuantity(text), 1), bytes))

for (const [text, millis] of [['500m', 500], ['2', 2000], ['0.1', 100], ['1u', 1], ['1500m', 1500]] as const) {
  test(`${text} is ${millis} thousandths of a core`, () => assert.equal(roundUp(parseQuantity(text), 1000), millis))
}

for (const text of ['', '.', 'x', '1K', '1KiB', '1 M', '1e', '1e9999', '--1', '1.2.3', '1Mi5', 'Infinity', '__proto__', '1constructor']) {
  test(`${JSON.stringify(text)} is no quantity`, () => assert.throws(() => parseQuantity(text), QuantityError))
}

test('suffixes are factors, and rounding is never down', () => {
  const suffix = fc.constantFrom(['k', 3], ['M', 6], ['G', 9], ['e4', 4], ['', 0]) as fc.Arbitrary<[string, number]>
  fc.assert(fc.property(fc.nat(1e6), suffix, (whole, [name, power]) => {
    assert.equal(parseQuantity(`${whole}${name}`), BigInt(whole) * 10n ** BigInt(power + 9))
    assert.equal(parseQuantity(`-${whole}${name}`), -parseQuantity(`${whole}${name}`))
  }))
  fc.assert(fc.property(fc.nat(1e6), fc.nat(999_999), (whole, fraction) => {
    const nanos = parseQuantity(`${whole}.${String(fraction).padStart(6, '0')}`)
    assert.equal(nanos, BigInt(whole) * 10n ** 9n + BigInt(fraction) * 1000n)
    const up = BigInt(roundUp(nanos, 1))
    assert.ok(up * 10n ** 9n >= nanos && (up - 1n) * 10n ** 9n < nanos)
  }))
})
