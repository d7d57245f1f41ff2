import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { before, test, type TestContext } from 'node:test'
import { readPublicKeys, type PublicKey } from '../openpgp/read-public-key.ts'
import { openTrust } from '../judge/trust.ts'
import { hasCode, makeSigner, missingGpg } from '../testing/gpg.ts'
import type { KeyScope } from './key-files.ts'
import { findTrustedKeyFiles, readTrustedKeys } from './read-trusted-keys.ts'
import { checkPrefix, storeKey } from './store-key.ts'

const skip = missingGpg
const root: KeyScope = { kind: 'root' }
const prefix = (text: string): KeyScope => ({ kind: 'prefix', prefix: text })

let key: PublicKey
before(async () => {
  if (skip !== false) return
  const made: (() => void)[] = []
  const somebody = makeSigner({ after: (fn) => void made.push(fn) }, 'Somebody <somebody@example.com>')
  key = (await readPublicKeys(somebody.publicKey, 'somebody.gpg'))[0]!
  for (const end of made) end()
})

function makeDirectories(t: TestContext): [system: string, local: string] {
  const directory = mkdtempSync(join(tmpdir(), 'rocket-keys-'))
  t.after(() => rmSync(directory, { recursive: true }))
  return [join(directory, 'usr'), join(directory, 'etc')]
}

for (const [stored, name, counts] of [
  [root, 'example.com/web', true],
  [prefix('example.com'), 'example.com/web', true],
  [prefix('example.com/web'), 'example.com/web', true],
  [prefix('example.com/web'), 'example.com/website', false],
  [prefix('example.com/we'), 'example.com/web', false],
  [prefix('other.com'), 'example.com/web', false],
  [prefix('localhost:5000'), 'localhost:5000/web', true],
] as const) {
  test(`a key of ${stored.kind === 'root' ? 'root' : stored.prefix} ${counts ? 'counts' : 'does not count'} for ${name}`, { skip }, async (t) => {
    const [system, local] = makeDirectories(t)
    storeKey(local, stored, key)
    const found = await readTrustedKeys([system, local], name)
    assert.deepEqual(found.map(({ fingerprint, scope }) => ({ fingerprint, scope })), counts ? [{ fingerprint: key.fingerprint, scope: stored }] : [])
  })
}

test('a key lies where rkt put it, armored, for everyone to read', { skip }, (t) => {
  const [, local] = makeDirectories(t)
  const path = storeKey(local, prefix('example.com/team'), key)
  assert.equal(path, join(local, 'trustedkeys/prefix.d/example.com/team', key.fingerprint))
  assert.match(readFileSync(path, 'utf8'), /^-----BEGIN PGP PUBLIC KEY BLOCK-----/)
  assert.equal(statSync(path).mode & 0o777, 0o644)
})

test('an empty file of the local directory disables a key of the system', { skip }, async (t) => {
  const [system, local] = makeDirectories(t)
  const path = storeKey(system, prefix('example.com'), key)
  assert.equal((await readTrustedKeys([system, local], 'example.com/web')).length, 1)
  mkdirSync(join(local, 'trustedkeys/prefix.d/example.com'), { recursive: true })
  writeFileSync(path.replace(system, local), '')
  assert.deepEqual(await readTrustedKeys([system, local], 'example.com/web'), [])
  assert.equal((await readTrustedKeys([system], 'example.com/web')).length, 1)
})

test('a file that is named otherwise than its key fails what would ask it, and only that', { skip }, async (t) => {
  const [system, local] = makeDirectories(t)
  const path = storeKey(local, prefix('example.com'), key)
  writeFileSync(join(path, '../0000000000000000000000000000000000000000'), key.armored)
  await assert.rejects(readTrustedKeys([system, local], 'example.com/web'), hasCode('KEY_INVALID', /fingerprint mismatch/))
  assert.deepEqual(await readTrustedKeys([system, local], 'other.com/web'), [])
})

test('a name that climbs finds no keys outside of the key store', { skip }, (t) => {
  const [system, local] = makeDirectories(t)
  storeKey(local, root, key)
  for (const name of ['..', '../root.d', 'example.com/../../root.d', '/etc', 'a//b', './x']) {
    assert.deepEqual(findTrustedKeyFiles([system, local], name).map(({ scope }) => scope), [root], name)
  }
})

for (const text of ['', '..', 'a/../b', '/a', 'a/', 'example.com/*', 'https://example.com', 'A.example']) {
  test(`no key is stored for the prefix ${JSON.stringify(text)}`, () => {
    assert.throws(() => checkPrefix(text), hasCode('IMAGE_REFERENCE_INVALID'))
  })
}

test('a key for docker.io counts for images of that registry, by either of its names', { skip }, async (t) => {
  const [system, local] = makeDirectories(t)
  storeKey(local, prefix('docker.io/library'), key)
  const trust = openTrust([system, local])
  for (const name of ['registry-1.docker.io/library/redis', 'docker.io/library/redis']) {
    assert.equal((await trust.readKeys(name)).length, 1, name)
    assert.equal(trust.plan(name, { isWaived: false }).verdict, 'verify', name)
  }
})
