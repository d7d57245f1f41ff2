import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { completeEnvironment, defaultPath, mergeEnvironment, type EnvironmentEntry } from './environment.ts'

const entries = fc.uniqueArray(
  fc.record({
    name: fc.constantFrom('A', 'B', 'C', 'PATH', 'HOME', '__proto__'), value: fc.string().filter((text) => !text.includes('\0')),
  }),
  { selector: ({ name }) => name },
)
const rootUser = { name: 'root', home: '/root' }

test('the highest speaker wins, the inherited one fills gaps only', () => {
  fc.assert(fc.property(entries, entries, entries, entries, (image, ofApp, set, inherited) => {
    const merged = mergeEnvironment({ image, ofApp, set, inherited }, 'web')
    const valueIn = (list: readonly EnvironmentEntry[], name: string): string | undefined =>
      list.find((entry) => entry.name === name)?.value
    const names = new Set([...image, ...ofApp, ...set, ...inherited].map(({ name }) => name))
    assert.deepEqual(new Set(merged.map(({ name }) => name)), names)
    assert.equal(merged.length, names.size, 'each name once')
    for (const { name, value } of merged) {
      assert.equal(value, valueIn(set, name) ?? valueIn(ofApp, name) ?? valueIn(image, name) ?? valueIn(inherited, name))
    }
  }))
})

test('defaults fill what nobody set, and the name of the app cannot be set', () => {
  const stated = [{ name: 'HOME', value: '/srv' }, { name: 'AC_APP_NAME', value: 'other' }, { name: 'X', value: '' }]
  assert.deepEqual(completeEnvironment(stated, 'web', rootUser), [
    { name: 'HOME', value: '/srv' }, { name: 'X', value: '' }, { name: 'PATH', value: defaultPath }, { name: 'SHELL', value: '/bin/sh' },
    { name: 'USER', value: 'root' }, { name: 'LOGNAME', value: 'root' }, { name: 'AC_APP_NAME', value: 'web' },
  ])
})

test('C1: the environment of this process is never looked at', () => {
  process.env['SECRET'] = 'of the host'
  const merged = mergeEnvironment(
    { image: [{ name: 'SECRET', value: '' }, { name: '*', value: '' }], ofApp: [], set: [], inherited: [] }, 'web',
  )
  assert.ok(completeEnvironment(merged, 'web', rootUser).every(({ value }) => value !== 'of the host'))
})
