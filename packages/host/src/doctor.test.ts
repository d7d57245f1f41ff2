import assert from 'node:assert/strict'
import { test } from 'node:test'
import { probeMachine } from './doctor.ts'
import { probing } from './probe.ts'
import { native } from './native.ts'
import { mountsBelow } from './mount-table.ts'

test('the machine is described completely, with a hint for whatever is missing, and left as it was', () => {
  const before = mountsBelow('/')
  const probes = probeMachine({ dataDirectory: '/var/lib/not/there/yet' })
  const names = probes.map((probe) => probe.name)
  for (const name of ['node', 'native part', 'root', 'kernel', 'cgroups', 'overlay', 'user namespaces', 'seccomp', 'capabilities', 'crun', 'runc', 'CNI plugins', 'xz', 'free disk']) {
    assert.ok(names.includes(name), name)
  }
  assert.equal(new Set(names).size, names.length)
  for (const probe of probes) {
    assert.notEqual(probe.found, '')
    assert.equal(probe.hint !== undefined, !probe.ok, probe.name)
  }
  assert.deepEqual(mountsBelow('/'), before)
  assert.equal(native().waitAny(), undefined)
  assert.deepEqual(JSON.parse(JSON.stringify(probes)), probes)
})

test('a check that throws has failed, with its message', () => {
  assert.deepEqual(probing('x', 'optional', 'do y', () => {
    throw new Error('not there')
  }), { name: 'x', ok: false, level: 'optional', found: 'not there', hint: 'do y' })
})
