import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { generateDocumentSchemas } from './generate.ts'

test('the schemas that the run path checks with are those generated from the zod schemas', () => {
  const written = readFileSync(new URL('generated/document-schemas.ts', import.meta.url), 'utf8')
  assert.ok(written === generateDocumentSchemas(), 'run: node packages/contracts/src/generate.ts')
})
