import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { parseDocument } from '@rocket/contracts'
import { flavor } from './flavor.ts'

test('flavor.json and the contract\'s example say what flavor.ts says', () => {
  for (const file of ['../flavor.json', `../../contracts/src/flavor/examples/${flavor.name}.json`]) {
    const path = join(import.meta.dirname, file)
    assert.deepEqual(parseDocument('FlavorDeclaration', readFileSync(path, 'utf8'), path), flavor)
  }
})
