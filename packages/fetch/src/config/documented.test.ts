import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { parseDockerReference } from '../docker-reference.ts'
import { loadCredentials } from './load-credentials.ts'
import { loadRegistries } from './load-registries.ts'
import { resolveReference } from './resolve-reference.ts'

test('the files of docs/registries.md mean what it says', (t) => {
  const page = readFileSync(join(import.meta.dirname, '../../../../docs/registries.md'), 'utf8')
  const directory = mkdtempSync(join(tmpdir(), 'rocket-documented-'))
  t.after(() => rmSync(directory, { recursive: true, force: true }))
  for (const place of ['auth.d', 'registries.d']) mkdirSync(join(directory, place))
  const files = [...page.matchAll(/```json\n(.*?)```/gs)].map(([, text = '']) => JSON.parse(text) as { rktKind: string })
  assert.deepEqual(files.map(({ rktKind }) => rktKind), ['registries', 'dockerAuth', 'auth'])
  for (const file of files) writeFileSync(join(directory, file.rktKind === 'registries' ? 'registries.d' : 'auth.d', `${file.rktKind}.json`), JSON.stringify(file))
  const registries = loadRegistries([directory])
  const placesOf = (text: string): string[] => (
    resolveReference(parseDockerReference(text), registries).endpoints.map(({ registry, repository }) => `${registry}/${repository}`))
  assert.deepEqual(placesOf('web:2'), ['registry.example.com/team/web'])
  assert.deepEqual(placesOf('team/x'), ['registry.example.com/team/x'])
  assert.deepEqual(placesOf('busybox'), ['mirror.example.com:5000/hub/library/busybox', '10.0.0.5:5000/library/busybox', 'registry-1.docker.io/library/busybox'])
  const { domains, registries: logins } = loadCredentials([directory])
  assert.deepEqual([...domains], [['images.example.com', 'Bearer secret']])
  assert.deepEqual([...logins], [['registry.example.com', { kind: 'basic', user: 'someone', password: 'secret' }]])
})
