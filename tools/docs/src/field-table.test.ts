import assert from 'node:assert/strict'
import { test } from 'node:test'
import { slug } from './contract-pages.ts'
import type { JsonSchema } from './field-table.ts'
import { makeFieldTable } from './field-table.ts'

for (const [what, field, row] of [
  ['a constant', { const: 1 }, '| `x` | `1` |  |  |'],
  ['a choice', { enum: ['a', 'b'] }, '| `x` | `"a"` or `"b"` |  |  |'],
  ['a range, without the bounds of safe integers', { type: 'integer', minimum: 1, maximum: Number.MAX_SAFE_INTEGER }, '| `x` | integer from 1 |  |  |'],
  ['a list', { type: 'array', items: { type: 'string' } }, '| `x` | list of string |  |  |'],
  ['a pipe in a description', { type: 'string', description: 'a|b' }, '| `x` | string |  | a\\|b |'],
  ['a document of its own', { title: 'Pod', type: 'object', properties: { uuid: {} } }, '| `x` | [Pod](pod.md) |  |  |'],
] as [string, JsonSchema, string][]) {
  test(`shows ${what}`, () => {
    const table = makeFieldTable({ properties: { x: field }, required: ['x'] }, new Map([['Pod', 'pod.md']]))
    assert.deepEqual(table.trim().split('\n').slice(2), [row])
  })
}

test('shows nested fields by their path', () => {
  const inner: JsonSchema = { type: 'object', properties: { port: { type: 'integer' } }, required: ['port'] }
  const table = makeFieldTable({ properties: { ports: { type: 'array', items: inner }, byName: { additionalProperties: inner } } }, new Map())
  const fields = [...table.matchAll(/^\| `([^`]+)`/gm)].map((match) => match[1])
  assert.deepEqual(fields, ['ports', 'ports[].port', 'byName', 'byName.<name>', 'byName.<name>.port'])
})

test('names a page after its document', () => {
  assert.deepEqual(['AppStatus', 'Stage2State', 'Pod'].map(slug), ['app-status', 'stage2-state', 'pod'])
})
