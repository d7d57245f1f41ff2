import assert from 'node:assert/strict'
import { test } from 'node:test'
import { getSystemErrorName } from 'node:util'
import { isDiskFull, syscallError } from './errors.ts'

test('a quota that is used up is a full disk, though Node has no name for it', () => {
  const error = Object.assign(new Error('UNKNOWN: unknown error, write'), { errno: -122, code: 'UNKNOWN', syscall: 'write' })
  assert.ok(getSystemErrorName(-122).startsWith('Unknown system error'))
  assert.ok(isDiskFull(error))
  assert.equal(syscallError(error, 'cannot write').code, 'DISK_FULL')
  assert.equal(isDiskFull(Object.assign(error, { errno: -5 })), false)
})
