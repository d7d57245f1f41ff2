import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { isRocketError } from '@rocket/contracts'
import { parseDockerReference } from '../docker-reference.ts'
import { loadRegistries, type Registries } from './load-registries.ts'
import { resolveReference } from './resolve-reference.ts'

function load(t: TestContext, ...layers: (object | object[])[]): Registries {
  return loadRegistries(layers.map((layer) => {
    const directory = mkdtempSync(join(tmpdir(), 'rocket-registries-'))
    t.after(() => rmSync(directory, { recursive: true, force: true }))
    mkdirSync(join(directory, 'registries.d'))
    for (const [index, file] of [layer].flat().entries()) {
      writeFileSync(join(directory, `registries.d/${index}.json`), JSON.stringify({ rktKind: 'registries', rktVersion: 'v1', ...file }))
    }
    return directory
  }))
}

/** `HOST/REPOSITORY` of every place that is asked; a star where tags are believed. */
function placesOf(text: string, registries: Registries): string[] {
  return resolveReference(parseDockerReference(text), registries).endpoints.map(({ registry, repository, tags }) => `${registry}/${repository}${tags ? '*' : ''}`)
}

test('without configuration a name is at the registry that it names, or at docker\'s', (t) => {
  const none = load(t)
  assert.deepEqual(placesOf('busybox', none), ['registry-1.docker.io/library/busybox*'])
  assert.deepEqual(placesOf('team/web', none), ['registry-1.docker.io/team/web*'])
  assert.deepEqual(placesOf('h.io:5000/a/b/c:t', none), ['h.io:5000/a/b/c*'])
})

test('aliases are of whole names, default registries of the longest prefix', (t) => {
  const registries = load(t, {
    aliases: { web: 'a.io/team/web', hub: 'docker.io/busybox' },
    defaultRegistries: [{ prefix: 'team', registry: 'b.io/below' }, { prefix: 'team/inner', registry: 'c.io' }, { prefix: '', registry: 'd.io' }],
  })
  for (const [name, place] of [
    ['web:2', 'a.io/team/web*'], ['hub', 'registry-1.docker.io/library/busybox*'], ['team/x', 'b.io/below/team/x*'], ['team/inner/x', 'c.io/team/inner/x*'],
    ['teams/x', 'd.io/teams/x*'], ['web2', 'd.io/web2*'], ['docker.io/web', 'registry-1.docker.io/library/web*'], ['h.io/web', 'h.io/web*'],
  ] as const) assert.deepEqual(placesOf(name, registries), [place], name)
})

test('mirrors of the longest prefix stand before the registry, in their order', (t) => {
  const registries = load(t, { mirrors: [
    { prefix: 'docker.io', mirrors: [{ location: 'm.io/hub', tags: true }, { location: 'N.io:5000' }] },
    { prefix: 'docker.io/library', mirrors: [{ location: 'lib.io/x' }] },
    { prefix: 'h.io/one', mirrors: [{ location: 'o.io/uno' }] },
  ] })
  for (const [name, places] of [
    ['team/a', ['m.io/hub/team/a*', 'n.io:5000/team/a', 'registry-1.docker.io/team/a*']],
    ['busybox', ['lib.io/x/busybox', 'registry-1.docker.io/library/busybox*']],
    ['h.io/one', ['o.io/uno', 'h.io/one*']],
    ['h.io/one/two', ['o.io/uno/two', 'h.io/one/two*']],
    ['h.io/onetwo', ['h.io/onetwo*']],
  ] as const) assert.deepEqual(placesOf(name, registries), places, name)
})

test('a later directory replaces what an earlier one says, by key', (t) => {
  const registries = load(t, { aliases: { a: 'one.io/a', b: 'one.io/b' }, deadlineSeconds: 10 }, { aliases: { a: 'two.io/a' } })
  assert.deepEqual([placesOf('a', registries), placesOf('b', registries), registries.deadlineSeconds], [['two.io/a*'], ['one.io/b*'], 10])
})

test('token servers of well-known registries are known, and more can be named', (t) => {
  const registries = load(t, { registries: [{ registry: 'docker.io', tokenServers: ['https://Auth.example/'] }] })
  assert.deepEqual(registries.hosts.get('registry-1.docker.io')?.tokenServers, ['https://auth.docker.io', 'https://auth.example'])
})

for (const [name, files, text] of [
  ['a key twice in one directory', [{ aliases: { a: 'one.io/a' } }, { aliases: { a: 'two.io/a' } }], /alias "a" is already specified/],
  ['a misspelt field', [{ mirror: [] }], /Unrecognized key: "mirror"/],
  ['a wrong field, by its place', [{ mirrors: [{ prefix: 'docker.io', mirrors: [{ location: 'https://x' }] }] }], /\/mirrors\/0\/mirrors\/0\/location: is not HOST/],
  ['another version', [{ rktVersion: 'v2' }], /no parser available for configuration of kind "registries" and version "v2"/],
  ['another kind', [{ rktKind: 'auth' }], /expects to have configuration files of kinds "registries"/],
] as const) {
  test(`refuses ${name}`, (t) => {
    assert.throws(() => load(t, [...files]), (error) => isRocketError(error, 'CONFIG_INVALID') && text.test(error.message))
  })
}
