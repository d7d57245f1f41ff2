import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { RegistriesConfig } from './schema.ts'

for (const [folder, fits] of [['examples', true], ['examples/_invalid', false]] as const) {
  const directory = new URL(`${folder}/`, import.meta.url)
  for (const name of readdirSync(directory).filter((entry) => entry.endsWith('.json'))) {
    test(`a registries configuration: ${name} is ${fits ? 'accepted' : 'refused'}`, () => {
      assert.equal(RegistriesConfig.safeParse(JSON.parse(readFileSync(new URL(name, directory), 'utf8'))).success, fits)
    })
  }
}
