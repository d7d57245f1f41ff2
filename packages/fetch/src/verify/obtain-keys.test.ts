import assert from 'node:assert/strict'
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import type { PolicyRule, Request } from '@rocket/contracts'
import { makeSigner, missingGpg } from '@rocket/trust/testing'
import { hostArch } from '../image-name.ts'
import { makePod } from '../testing/fetch-in.ts'
import { makeAci } from '../testing/make-aci.ts'
import { runStage } from '../testing/run-stage.ts'
import { siteMissing, startSite, type Site } from '../testing/start-site.ts'

const inNetwork = { skip: siteMissing === false ? missingGpg : siteMissing }

interface World {
  site: Site
  /** Where the key is once it is trusted. */
  stored: string
  /** A rule for the name of the image. */
  rule(require: PolicyRule['require']): void
  fetch(request?: Partial<Request>): Promise<{ code: string; told: string }>
}

/** `example.com/app`, signed, on a site that says where image and key are. */
async function makeWorld(t: TestContext): Promise<World> {
  const directory = mkdtempSync(join(tmpdir(), 'rocket-keys-'))
  t.after(() => rmSync(directory, { recursive: true, force: true }))
  const site = await startSite(t, join(directory, 'site'), { hosts: ['example.com', 'dl.example.com'] })
  const somebody = makeSigner(t, 'Somebody <somebody@example.com>')
  const aci = makeAci(directory, 'app.aci', {
    name: 'example.com/app', labels: [{ name: 'os', value: 'linux' }, { name: 'arch', value: hostArch() }],
  })
  copyFileSync(aci, site.file('dl.example.com', 'example.com/app.aci'))
  writeFileSync(site.file('dl.example.com', 'example.com/app.aci.asc'), somebody.sign(readFileSync(aci)))
  writeFileSync(site.file('dl.example.com', 'key.asc'), somebody.publicKey)
  site.page('example.com/app', [
    '<meta name="ac-discovery" content="example.com/app https://dl.example.com/{name}.{ext}">',
    '<meta name="ac-discovery-pubkeys" content="example.com/app https://dl.example.com/key.asc">',
  ].join(''))
  const store = join(directory, 'data/cas')
  mkdirSync(store, { recursive: true, mode: 0o700 })
  return {
    site, stored: join(directory, 'etc/trustedkeys/prefix.d/example.com/app', somebody.fingerprint),
    rule: (require) => {
      mkdirSync(join(directory, 'etc/policy.d'), { recursive: true })
      writeFileSync(join(directory, 'etc/policy.d/test.json'), JSON.stringify({ rktVersion: 'v1', rktKind: 'imagePolicy', rules: [{ prefix: 'example.com', require }] }))
    },
    fetch: async (request = {}) => {
      const pod = makePod(directory, ['example.com/app'], { pullPolicy: 'update', insecure: { image: false, tls: false, http: false, pubkey: false }, ...request })
      const environment = { ...site.environment, RKT_DEBUG: 'true', RKT_CONFIG_DIRS: `${join(directory, 'usr')}:${join(directory, 'etc')}` }
      const { stdout, stderr } = await runStage(pod, store, {
        before: [...site.through, 'env', ...Object.entries(environment).map(([name, value]) => `${name}=${value}`)],
      })
      const last = stdout.trim().split('\n').at(-1) ?? ''
      return { code: last.startsWith('{') ? (JSON.parse(last) as { code: string }).code : '', told: stdout + stderr }
    },
  }
}

test('a key that the server of a name offers is trusted with --trust-keys-from-https, shown, and asked for once', inNetwork, async (t) => {
  const { site, stored, fetch } = await makeWorld(t)
  const first = await fetch({ trustKeysFromHttps: true })
  assert.equal(first.code, '', first.told)
  assert.ok(existsSync(stored))
  assert.match(first.told, /gpg key fingerprint is: .*\n\tSomebody <somebody@example.com>/)
  assert.match(first.told, /Added key for prefix "example.com\/app"/)
  assert.match(first.told, /signature verified:\n {2}Somebody <somebody@example.com>/)
  assert.ok(site.requests().includes('https://dl.example.com/key.asc'))
  const again = await fetch({ trustKeysFromHttps: true })
  assert.match(again.told, /keys already exist for prefix "example.com\/app", not fetching again/)
  assert.ok(!site.requests().includes('https://dl.example.com/key.asc'))
})

test('without that, and without a terminal, the key is shown and not trusted, and the image is refused', inNetwork, async (t) => {
  const { stored, fetch } = await makeWorld(t)
  const { code, told } = await fetch()
  assert.equal(code, 'SIGNATURE_INVALID', told)
  assert.match(told, /To trust the key for "example.com\/app", do one of the following:/)
  assert.match(told, /error adding keys: error reviewing key: unable to ask user/)
  assert.equal(existsSync(stored), false)
})

test('no key is asked for when checks are off, or when TLS is not verified', inNetwork, async (t) => {
  const { site, stored, fetch } = await makeWorld(t)
  assert.equal((await fetch({ trustKeysFromHttps: true, insecure: { image: true, tls: false, http: false, pubkey: false } })).code, '')
  const { code } = await fetch({ trustKeysFromHttps: true, insecure: { image: false, tls: true, http: false, pubkey: false } })
  assert.equal(code, 'SIGNATURE_INVALID')
  assert.ok(!site.requests().includes('https://dl.example.com/key.asc'))
  assert.equal(existsSync(stored), false)
})

test('a rule can do without a signature for an image that is asked for by its name, and then nobody looks for one', inNetwork, async (t) => {
  const { site, rule, fetch } = await makeWorld(t)
  rule('reject')
  assert.equal((await fetch()).code, 'SIGNATURE_REQUIRED')
  rule('nothing')
  site.requests()
  const { code, told } = await fetch()
  assert.equal(code, '', told)
  assert.deepEqual(site.requests().filter((url) => /\.asc$/.test(url)), [])
})
