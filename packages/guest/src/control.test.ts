import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { answerLine } from './control.ts'
import { RequestLines } from './request-lines.ts'

test('lines come out whole, however their bytes come in, and one that is too long is passed over', () => {
  const line = fc.string({ unit: fc.constantFrom('a', 'é', '{'), maxLength: 12 })
  fc.assert(fc.property(fc.array(line, { maxLength: 8 }), fc.integer({ min: 1, max: 7 }), (lines, size) => {
    const [bytes, out] = [Buffer.from(lines.map((one) => `${one}\n`).join('')), [] as string[]]
    const reader = new RequestLines(16, (one) => out.push(Buffer.from(one).toString('utf8')), () => out.push('too long'))
    for (let at = 0; at < bytes.length; at += size) reader.push(bytes.subarray(at, at + size))
    assert.deepEqual(out, lines.filter((one) => one !== '').map((one) => (Buffer.byteLength(one) > 15 ? 'too long' : one)))
  }))
})

for (const [line, id, code] of [
  ['{"id":1,"verb":"shell"}', 1, 'GUEST_PROTOCOL'], ['not JSON', 0, 'GUEST_PROTOCOL'], ['{"id":-1,"verb":"ping"}', 0, 'GUEST_PROTOCOL'], ['null', 0, 'GUEST_PROTOCOL'],
] as const) {
  test(`answers ${line} with ${code}, and does nothing`, () => {
    const answer = answerLine(line, () => assert.fail('handled'))
    assert.deepEqual([answer.id, answer.ok || answer.error.code], [id, code])
  })
}

test('a bug of ours is an answer, too', () => {
  const answer = answerLine('{"id":7,"verb":"ping"}', () => { throw new Error('oh') })
  assert.deepEqual(answer, { id: 7, ok: false, error: { code: 'INTERNAL', what: 'the agent went wrong', why: 'oh' } })
})
