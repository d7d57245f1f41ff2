import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { before, test, type TestContext } from 'node:test'
import { hasCode, makeSigner, missingGpg, type TestSigner } from '@rocket/trust/testing'
import { openNetwork } from '../registry/open-network.ts'
import { readKeyAt } from './read-key.ts'
import type { Terminal } from './terminal.ts'
import { trustKeys, type TrustRequest } from './trust-keys.ts'

const skip = missingGpg
let somebody: TestSigner
before((t) => {
  if (skip === false) somebody = makeSigner(t as TestContext, 'Somebody <somebody@example.com>')
})

interface Desk {
  directory: string
  key: string
  /** What was said so far, both streams. */
  said(): string
  ask(request: Partial<TrustRequest>, answers?: readonly string[], isTerminal?: boolean): Promise<string[]>
}

/** Somebody at a terminal who has these answers. */
function sitDown(t: TestContext): Desk {
  const directory = mkdtempSync(join(tmpdir(), 'rocket-trust-'))
  t.after(() => rmSync(directory, { recursive: true }))
  const key = join(directory, 'key.asc')
  writeFileSync(key, somebody.publicKey)
  const texts: string[] = []
  return {
    directory, key, said: () => texts.join(''),
    ask: async (request, answers = [], isTerminal = true) => {
      const left = [...answers]
      const terminal: Terminal = {
        isTerminal, print: (text) => void texts.push(text), say: (text) => void texts.push(`pubkey: ${text}\n`), readLine: () => left.shift(),
      }
      const network = openNetwork({ insecure: { http: true, tls: false }, warn: () => {}, directories: [] })
      try {
        return await trustKeys({
          scope: { kind: 'prefix', prefix: 'example.com' }, locations: [key], skipReview: false, trustHttps: false,
          configDirectory: join(directory, 'etc'), ...request,
        }, { terminal, read: (location) => readKeyAt(location, { http: network.http, allowHttp: location.includes('allowed') }), discover: async () => [] })
      } finally {
        await network.close()
      }
    },
  }
}

test('shows the key, asks until yes or no, and stores what was trusted', { skip }, async (t) => {
  const { directory, key, ask, said } = sitDown(t)
  const [path] = await ask({}, ['y', '', 'yes'])
  assert.equal(path, join(directory, 'etc/trustedkeys/prefix.d/example.com', somebody.fingerprint))
  assert.match(readFileSync(path!, 'utf8'), /BEGIN PGP PUBLIC KEY BLOCK/)
  assert.match(said(), new RegExp(`^pubkey: prefix: "example.com"\nkey: "${key}"\ngpg key fingerprint is: [0-9A-F ]+\n\tSomebody <somebody@example.com>\n`))
  assert.match(said(), /Are you sure you want to trust this key \(yes\/no\)\?\n(Please enter 'yes' or 'no'\n){2}pubkey: Trusting .* after fingerprint review\./)
  assert.match(said(), /Added key for prefix "example.com" at /)
})

test('a key that is refused is not stored, and no failure', { skip }, async (t) => {
  const { directory, ask, said } = sitDown(t)
  assert.deepEqual(await ask({}, ['no']), [])
  assert.match(said(), /not trusting "/)
  assert.equal(existsSync(join(directory, 'etc')), false)
})

test('without a terminal, or without an answer, nothing is trusted', { skip }, async (t) => {
  const { directory, ask, said } = sitDown(t)
  await assert.rejects(ask({}, ['yes'], false), hasCode('KEY_NOT_TRUSTED', /lack of tty/))
  assert.match(said(), /do one of the following:\n - call rkt with --trust-keys-from-https\n - run: rkt trust --prefix "example.com"/)
  await assert.rejects(ask({}, ['maybe']), hasCode('KEY_NOT_TRUSTED', /not answered/))
  assert.equal(existsSync(join(directory, 'etc')), false)
})

test('the review can be skipped, for every image as well; a file by its path is never taken for one that came over https', { skip }, async (t) => {
  const { directory, ask, said } = sitDown(t)
  const [path] = await ask({ skipReview: true, scope: { kind: 'root' } }, [], false)
  assert.equal(path, join(directory, 'etc/trustedkeys/root.d', somebody.fingerprint))
  assert.match(said(), /without fingerprint review\.\npubkey: Added root key at /)
  await assert.rejects(ask({ trustHttps: true }, [], false), hasCode('KEY_NOT_TRUSTED'))
})

test('nothing is asked before every key was read', { skip }, async (t) => {
  const { key, ask, said } = sitDown(t)
  await assert.rejects(ask({ locations: [key, '/no/such/key'] }, ['yes']), hasCode('SYSCALL_FAILED', /\/no\/such\/key/))
  await assert.rejects(ask({ scope: { kind: 'prefix', prefix: '../x' } }, ['yes']), hasCode('IMAGE_REFERENCE_INVALID'))
  await assert.rejects(ask({ locations: [] }), hasCode('DISCOVERY_FAILED', /meta discovery on example.com resulted in no keys/))
  assert.equal(said(), '')
})

test('a key comes over http only when that was allowed, and over nothing else', { skip }, async (t) => {
  const { ask } = sitDown(t)
  const server = createServer((request, response) => (request.url === '/allowed.asc' ? response.end(somebody.publicKey) : response.writeHead(404).end())).listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  t.after(() => server.close())
  const at = (name: string): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}/${name}`
  await assert.rejects(ask({ locations: [at('key.asc')] }, ['yes']), hasCode('INSECURE_TRANSPORT', /--insecure-allow-http required for http URLs/))
  assert.equal((await ask({ locations: [at('allowed.asc')] }, ['yes'])).length, 1)
  await assert.rejects(ask({ locations: [at('allowed-but-missing.asc')] }, ['yes']), hasCode('REGISTRY_FAILED', /404/))
  await assert.rejects(ask({ locations: ['ftp://example.com/key'] }, ['yes']), hasCode('KEY_INVALID', /only local files and http or https URLs supported/))
})
