import assert from 'node:assert/strict'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { isRocketError } from '@rocket/contracts'
import type { Login } from '../registry/login.ts'
import { findDockerConfig, findDockerLogin } from './docker-config.ts'

interface Made {
  path: string
  login(registry: string): Login | undefined
  warnings: string[]
}

/** A configuration, and programs in PATH by the name behind `docker-credential-`. */
function make(t: TestContext, config: object | string, helpers: Record<string, string> = {}): Made {
  const directory = mkdtempSync(join(tmpdir(), 'rocket-docker-'))
  const path = join(directory, 'config.json')
  writeFileSync(path, typeof config === 'string' ? config : JSON.stringify(config), { mode: 0o600 })
  for (const [name, script] of Object.entries(helpers)) writeFileSync(join(directory, `docker-credential-${name}`), `#!/bin/sh\n${script}\n`, { mode: 0o755 })
  const { PATH } = process.env
  process.env['PATH'] = `${directory}:${PATH}`
  t.after(() => {
    process.env['PATH'] = PATH
    rmSync(directory, { recursive: true, force: true })
  })
  const warnings: string[] = []
  return { path, warnings, login: (registry) => findDockerLogin(path, registry, (message) => void warnings.push(message)) }
}

const auth = (text: string): object => ({ auth: Buffer.from(text).toString('base64') })
const someone = { kind: 'basic', user: 'someone', password: 'topsecret' }

for (const [registry, key] of [
  ['h.io', 'h.io'], ['h.io', 'https://h.io'], ['h.io:5000', 'http://h.io:5000/v2/'], ['h.io', 'https://H.io/v1/'],
  ['registry-1.docker.io', 'https://index.docker.io/v1/'], ['registry-1.docker.io', 'docker.io'],
] as const) {
  test(`finds ${registry} under ${key}`, (t) => {
    const { login } = make(t, { auths: { 'other.io': auth('x:y'), [key]: auth('someone:topsecret') } })
    assert.deepEqual(login(registry), someone)
    assert.equal(login('h.io.evil'), undefined)
  })
}

test('a password may contain colons, and a login may be given in plain words', (t) => {
  const { login } = make(t, { auths: { a: auth('u:p:q'), b: { username: 'someone', password: 'topsecret' }, c: {} } })
  assert.deepEqual(login('a'), { kind: 'basic', user: 'u', password: 'p:q' })
  assert.deepEqual([login('b'), login('c')], [someone, undefined])
})

test('a helper gets the name of the server, and docker\'s own by its old URL', (t) => {
  const { login } = make(t, { credHelpers: { 'h.io': 'echo', 'docker.io': 'echo' } }, { echo: 'read -r server; printf \'{"Username":"%s","Secret":"s"}\' "$1 $server"' })
  assert.deepEqual(login('h.io'), { kind: 'basic', user: 'get h.io', password: 's' })
  assert.deepEqual(login('registry-1.docker.io'), { kind: 'basic', user: 'get https://index.docker.io/v1/', password: 's' })
})

test('what the store of all does not know is looked for in auths', (t) => {
  const { login, warnings } = make(t, { credsStore: 'none', auths: { h: auth('someone:topsecret') } }, { none: 'echo credentials not found in native keychain; exit 1' })
  assert.deepEqual([login('h'), warnings], [someone, []])
})

test('a store that cannot be asked is told, and passed over', (t) => {
  const { login, warnings } = make(t, { credsStore: 'is-not-there', auths: { h: auth('someone:topsecret') } })
  assert.deepEqual(login('h'), someone)
  assert.match(warnings[0]!, /docker-credential-is-not-there/)
})

for (const [name, config, helpers, text] of [
  ['a helper that is no name', { credHelpers: { h: '../../bin/sh' } }, {}, /no name of a program/],
  ['a helper that fails', { credHelpers: { h: 'bad' } }, { bad: 'echo topsecret; echo topsecret >&2; exit 3' }, /it ended with 3/],
  ['a helper that talks', { credHelpers: { h: 'bad' } }, { bad: 'echo topsecret' }, /not what the protocol says/],
  ['a helper that answers with a line break', { credHelpers: { h: 'bad' } }, { bad: 'printf \'{"Username":"u","Secret":"topsecret\\\\nX: y"}\'' }, /not what the protocol says/],
  ['what is not JSON', '{"auths":{"h":"topsecret', {}, /it is not JSON/],
  ['what is not base64 of a pair', { auths: { h: auth('topsecret') } }, {}, /not USER:PASSWORD/],
  ['a line break in a password', { auths: { h: auth('u:topsecret\r\nX: y') } }, {}, /line break/],
] as [string, object | string, Record<string, string>, RegExp][]) {
  test(`refuses ${name}, without repeating a secret`, (t) => {
    const { login } = make(t, config, helpers)
    assert.throws(() => login('h'), (error) => {
      assert.ok(isRocketError(error, 'CONFIG_INVALID'), String(error))
      assert.match(error.message, text)
      assert.doesNotMatch(`${JSON.stringify(error.toDocument())} ${String(error.cause)}`, /topsecret/)
      return true
    })
  })
}

test('runs no helper that somebody else may have named', (t) => {
  const { path, login } = make(t, { credHelpers: { h: 'ok' } }, { ok: 'echo \'{"Username":"u","Secret":"s"}\'' })
  chmodSync(path, 0o666)
  assert.throws(() => login('h'), (error) => isRocketError(error, 'CONFIG_INVALID') && /can write to it/.test(error.message))
})

test('looks where DOCKER_CONFIG says, else at home', (t) => {
  const { path } = make(t, {})
  const directory = path.slice(0, -'/config.json'.length)
  assert.equal(findDockerConfig({ DOCKER_CONFIG: directory, HOME: '/nonexistent' }), path)
  assert.equal(findDockerConfig({ HOME: directory }), undefined)
  assert.equal(findDockerConfig({}), undefined)
})
