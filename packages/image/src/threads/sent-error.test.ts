import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isErrno, isRocketError, RocketError } from '@rocket/contracts'
import { native } from '@rocket/host'
import { fromSentError, toSentError } from './sent-error.ts'

function sendAlong(error: unknown): Error {
  return fromSentError(structuredClone(toSentError(error)))
}

function thrownBy(work: () => unknown): unknown {
  try {
    return work()
  } catch (error) {
    return error
  }
}

test('an error of ours arrives with code, what, why, hint, stack and the whole chain of its causes', () => {
  const kernel = thrownBy(() => native().mkdirat(-1, 'x', 0o700))
  const error = new RocketError('DISK_FULL', {
    what: 'a was not written', why: 'no room', hint: 'make some', cause: new Error('in between', { cause: kernel }),
  })
  const arrived = sendAlong(error)
  assert.ok(isRocketError(arrived, 'DISK_FULL'))
  assert.deepEqual(arrived.toDocument(), error.toDocument())
  assert.deepEqual([arrived.message, arrived.stack], [error.message, error.stack])
  const between = arrived.cause as Error
  assert.equal(between.message, 'in between')
  assert.ok(isErrno(between.cause, 'EBADF'))
  assert.deepEqual({ ...between.cause }, { ...(kernel as object) })
})

test('what an error of ours does not say, it does not say on the other side', () => {
  const arrived = sendAlong(new RocketError('LAYER_CORRUPT', { what: 'a is damaged' }))
  assert.deepEqual(isRocketError(arrived) && [arrived.why, arrived.hint, arrived.cause], [undefined, undefined, undefined])
})

test('a bug arrives as what it is, and what is no error as one', () => {
  const bug = thrownBy(() => (undefined as unknown as { x: number }).x)
  const arrived = sendAlong(bug)
  assert.deepEqual([arrived.name, arrived.message, isRocketError(arrived)], ['TypeError', (bug as Error).message, false])
  assert.equal(sendAlong('a text').message, 'a text')
})
