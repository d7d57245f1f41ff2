import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { generateDocumentSchemas, generateGuestSchemas } from './generate.ts'

test('the schemas that the run path checks with are those generated from the zod schemas', () => {
  for (const [file, text] of [['document-schemas.ts', generateDocumentSchemas()], ['guest-schemas.ts', generateGuestSchemas()]] as const) {
    const written = readFileSync(new URL(`generated/${file}`, import.meta.url), 'utf8')
    assert.ok(written === text, 'run: node packages/contracts/src/generate.ts')
  }
})
