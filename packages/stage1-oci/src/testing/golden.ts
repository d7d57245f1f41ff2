import assert from 'node:assert/strict'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'

/** Compares a value with a file that was looked at by a person. `UPDATE_GOLDENS=1` writes it anew, to be looked at again. */
export function assertGolden(path: string, value: unknown): void {
  const text = `${JSON.stringify(value, undefined, 2)}\n`
  if (process.env['UPDATE_GOLDENS'] !== undefined) {
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, text)
  }
  assert.equal(text, readFileSync(path, 'utf8'))
}
