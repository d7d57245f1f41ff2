import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { OciImageConfig } from './image-config/schema.ts'
import { OciIndex } from './index/schema.ts'
import { OciManifest } from './manifest/schema.ts'
import { OciRuntimeConfig } from './runtime-config/schema.ts'

for (const [folder, schema] of [
  ['manifest', OciManifest],
  ['index', OciIndex],
  ['image-config', OciImageConfig],
  ['runtime-config', OciRuntimeConfig],
] as const) {
  const read = (file: string): unknown => JSON.parse(readFileSync(new URL(`${folder}/examples/${file}`, import.meta.url), 'utf8'))
  for (const file of readdirSync(new URL(`${folder}/examples`, import.meta.url)).filter((name) => name.endsWith('.json'))) {
    test(`${folder}: ${file} is accepted, and nothing of it is lost`, () => assert.deepEqual(schema.parse(read(file)), read(file)))
  }
  for (const file of readdirSync(new URL(`${folder}/examples/_invalid`, import.meta.url))) {
    test(`${folder}: ${file} is refused`, () => assert.equal(schema.safeParse(read(`_invalid/${file}`)).success, false))
  }
}
