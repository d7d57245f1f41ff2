import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** Compares with a file in `golden/`; `UPDATE_GOLDEN=1` writes it anew, for a diff to be read. */
export function matchesGolden(name: string, actual: string): void {
  const path = join(import.meta.dirname, 'golden', name)
  if (process.env.UPDATE_GOLDEN === '1') writeFileSync(path, actual)
  assert.equal(actual, readFileSync(path, 'utf8'))
}
