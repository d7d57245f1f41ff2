import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { isRocketError } from '@rocket/contracts'
import { basicAuthorization } from '../registry/login.ts'
import { configDirectories } from './has-configuration.ts'
import { loadCredentials } from './load-credentials.ts'

const auth = (more: object = {}): object => (
  { rktKind: 'auth', rktVersion: 'v1', domains: ['h:1'], type: 'basic', credentials: { user: 'u', password: 'topsecret' }, ...more }
)
const docker = (more: object = {}): object => (
  { rktKind: 'dockerAuth', rktVersion: 'v1', registries: ['r'], credentials: { user: 'u', password: 'topsecret' }, ...more }
)

function makeLayer(t: TestContext, files: Record<string, object | string>): string {
  const directory = mkdtempSync(join(tmpdir(), 'rocket-config-'))
  t.after(() => rmSync(directory, { recursive: true, force: true }))
  mkdirSync(join(directory, 'auth.d'))
  for (const [name, content] of Object.entries(files)) writeFileSync(
    join(directory, 'auth.d', name), typeof content === 'string' ? content : JSON.stringify(content),
  )
  return directory
}

test('reads both kinds, and later directories override earlier ones', (t) => {
  const system = makeLayer(t, { 'a.json': auth(), 'b.json': docker(), 'c.txt': 'not read' })
  const local = makeLayer(t, { 'a.json': auth({ domains: ['h:1', 'other'], type: 'oauth', credentials: { token: 't' } }) })
  const { domains, registries } = loadCredentials([system, '/nonexistent', local])
  assert.deepEqual([...domains], [['h:1', 'Bearer t'], ['other', 'Bearer t']])
  assert.deepEqual([...registries], [['r', { kind: 'basic', user: 'u', password: 'topsecret' }]])
  assert.equal(basicAuthorization('u', 'p'), 'Basic dTpw')
})

test('reads regular files only', (t) => {
  const directory = makeLayer(t, { 'a.json': docker() })
  symlinkSync(join(directory, 'auth.d/a.json'), join(directory, 'auth.d/b.json'))
  mkdirSync(join(directory, 'auth.d/c.json'))
  assert.equal(loadCredentials([directory]).registries.size, 1)
})

for (const [name, files, message] of [
  ['no kind', { 'a.json': docker({ rktKind: undefined }) }, /^no rktKind specified in ".*a\.json"$/],
  ['no version', { 'a.json': docker({ rktVersion: '' }) }, /^no rktVersion specified in/],
  [
    'a kind of elsewhere', { 'a.json': docker({ rktKind: 'paths' }) },
    /expects to have configuration files of kinds "auth", "dockerAuth", but ".*" has kind of "paths"$/,
  ],
  [
    'an unknown version', { 'a.json': docker({ rktVersion: 'v2' }) },
    /^no parser available for configuration of kind "dockerAuth" and version "v2"$/,
  ],
  ['no domains', { 'a.json': auth({ domains: [] }) }, /: no domains specified$/],
  ['no type', { 'a.json': auth({ type: undefined }) }, /: no auth type specified$/],
  ['an unknown type', { 'a.json': auth({ type: 'x' }) }, /: unknown auth type: "x"$/],
  ['no user', { 'a.json': auth({ credentials: { password: 'topsecret' } }) }, /: user not specified$/],
  ['no password', { 'a.json': docker({ credentials: { user: 'u' } }) }, /: password not specified$/],
  ['no token', { 'a.json': auth({ type: 'oauth' }) }, /: no oauth bearer token specified$/],
  ['no registries', { 'a.json': docker({ registries: undefined }) }, /: no registries specified$/],
  ['a domain twice in one directory', { 'a.json': auth(), 'b.json': auth() }, /: auth for domain "h:1" is already specified$/],
  [
    'a registry twice in one directory', { 'a.json': docker(), 'b.json': docker() },
    /: credentials for docker registry "r" are already specified$/,
  ],
  ['a line break in a password', { 'a.json': docker({ credentials: { user: 'u', password: 'topsecret\r\nX: y' } }) }, /line break/],
  ['what is not JSON', { 'a.json': '{"password":"topsecret' }, /^failed to parse ".*": it is not JSON$/],
] as [string, Record<string, object | string>, RegExp][]) {
  test(`refuses ${name}, without repeating a secret`, (t) => {
    const directory = makeLayer(t, files)
    assert.throws(() => loadCredentials([directory]), (error) => {
      assert.ok(isRocketError(error, 'CONFIG_INVALID'))
      assert.match(error.message, message)
      assert.doesNotMatch(`${JSON.stringify(error.toDocument())} ${String(error.cause)}`, /topsecret/)
      return true
    })
  })
}

test('wants auth.d to be a directory', (t) => {
  const directory = makeLayer(t, {})
  rmSync(join(directory, 'auth.d'), { recursive: true })
  writeFileSync(join(directory, 'auth.d'), '')
  assert.throws(
    () => loadCredentials([directory]),
    (error) => isRocketError(error, 'CONFIG_INVALID') && /^expected ".*auth\.d" to be a directory$/.test(error.message),
  )
})

test('takes its directories from the environment', () => {
  assert.deepEqual(configDirectories({ RKT_CONFIG_DIRS: '/usr/lib/rkt:/etc/rkt:' }), ['/usr/lib/rkt', '/etc/rkt'])
  assert.deepEqual(configDirectories({}), [])
})
