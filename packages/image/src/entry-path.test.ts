import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { isRocketError } from '@rocket/contracts'
import { ancestorsOf, baseName, cleanEntryName, parentPath } from './entry-path.ts'

for (const [name, want] of [
  ['a/b', 'a/b'],
  ['./a//b/', 'a/b'],
  ['/etc/x', 'etc/x'],
  ['a/../b', 'b'],
  ['a/b/..', 'a'],
  ['.', ''],
  ['', ''],
  ['a/..', ''],
  ['...', '...'],
  ['a\\..\\b', 'a\\..\\b'],
] as const) {
  test(`the entry ${JSON.stringify(name)} is at ${JSON.stringify(want)}`, () => assert.equal(cleanEntryName(Buffer.from(name)), want))
}

test('whatever a name holds, it is refused or a path without empty, dot or dot-dot components, and cleaning it again changes nothing', () => {
  const part = fc.constantFrom('..', '.', '', 'a', 'b', '\xff', ' ', '\n', 'a'.repeat(300))
  fc.assert(
    fc.property(fc.array(part, { maxLength: 12 }), (parts) => {
      let path: string
      try {
        path = cleanEntryName(Buffer.from(parts.join('/'), 'latin1'))
      } catch (error) {
        assert.ok(isRocketError(error, 'ENTRY_ESCAPES_ROOTFS') || isRocketError(error, 'ENTRY_NAME_INVALID'))
        return
      }
      if (path !== '') assert.ok(path.split('/').every((component) => component !== '' && component !== '.' && component !== '..'))
      assert.equal(cleanEntryName(Buffer.from(path, 'latin1')), path)
    }),
    { numRuns: Number(process.env['ROCKET_FUZZ_RUNS'] ?? 100) },
  )
})

test('a path is its parent and its name, and its ancestors are the parents of parents', () => {
  assert.deepEqual([parentPath('a/b/c'), baseName('a/b/c'), parentPath('a'), baseName('a')], ['a/b', 'c', '', 'a'])
  assert.deepEqual(ancestorsOf('a/b/c'), ['', 'a', 'a/b'])
  assert.deepEqual(ancestorsOf(''), [])
})
