import assert from 'node:assert/strict'
import { test } from 'node:test'
import { boundingSet, kernelCapabilities, parseCapabilities, readCapabilities } from './capabilities.ts'

test('sets are read by their bits', () => {
  const status = 'CapInh:\t0000000000000000\nCapPrm:\t000001fffeffffff\nCapEff:\t0000000000000401\nCapBnd:\t000001fffeffffff\nCapAmb:\t0000000000000000\n'
  assert.deepEqual(parseCapabilities(status, 'effective'), ['CAP_CHOWN', 'CAP_NET_BIND_SERVICE'])
  const bounding = parseCapabilities(status, 'bounding')
  assert.equal(bounding.length, 40)
  assert.ok(!bounding.includes('CAP_SYS_RESOURCE') && bounding.includes('CAP_CHECKPOINT_RESTORE'))
  assert.deepEqual(parseCapabilities('', 'bounding'), [])
})

test('ours lie within what the kernel knows', () => {
  const known = new Set(kernelCapabilities())
  for (const name of [...boundingSet(), ...readCapabilities('effective', process.pid)]) assert.ok(known.has(name), name)
})
