import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { createServer, type Server } from 'node:http'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { after, before, test, type TestContext } from 'node:test'
import { isRocketError } from '@rocket/contracts'
import { openNetwork } from './registry/open-network.ts'
import { makeWorkshop, type Workshop } from './testing/fetch-in.ts'
import { installCertificates, makeCertificates, type Certificates } from './testing/make-certificates.ts'
import { makeLayout } from './testing/make-layout.ts'
import { registryMissing, startRegistry, type TestRegistry } from './testing/start-registry.ts'
import { startTokenServer, type TokenServer } from './testing/start-token-server.ts'

const skip = registryMissing
const directory = mkdtempSync(join(tmpdir(), 'rocket-secured-'))
const storage = join(directory, 'registry')
const insecure = { image: true, tls: false, http: false, pubkey: false }
let certificates: Certificates
let open: TestRegistry
let secured: TestRegistry
let mutual: TestRegistry
let guarded: TestRegistry
let tokens: TokenServer
const cleanUp: (() => unknown)[] = []

before(async () => {
  if (skip !== false) return
  const t = { after: (work: () => unknown) => void cleanUp.push(work) } as Parameters<typeof startRegistry>[0]
  certificates = makeCertificates(join(directory, 'pki'))
  mkdirSync(join(directory, 'root'))
  writeFileSync(join(directory, 'root/file'), 'x')
  makeLayout(join(directory, 'layout'), [join(directory, 'root')])
  open = await startRegistry(t, directory)
  for (const name of ['team/app', 'public/app']) open.push(`oci:${join(directory, 'layout')}:latest`, name)
  tokens = await startTokenServer(t, certificates, {
    mayPull: { someone: ['team/app', 'public/app'], '': ['public/app'] }, passwords: { someone: 'topsecret' }, identities: { 'refresh-topsecret': 'someone' },
  })
  const start = (name: string, more: { http?: object; auth?: object }): Promise<TestRegistry> => {
    mkdirSync(join(directory, name))
    const tls = { certificate: certificates.server.cert, key: certificates.server.key }
    return startRegistry(t, join(directory, name), undefined, { storage, ...more, http: { tls: { ...tls, ...more.http } } })
  }
  secured = await start('secured', {})
  mutual = await start('mutual', { http: { clientcas: [certificates.authority] } })
  const { realm, service, issuer } = tokens
  guarded = await start('guarded', { auth: { token: { realm, service, issuer, rootcertbundle: certificates.server.cert } } })
})

after(async () => {
  for (const work of cleanUp.reverse()) await work()
  rmSync(directory, { recursive: true, force: true })
})

interface Configured {
  workshop: Workshop
  /** `/etc/rkt` of this test. */
  config: string
  write(path: string, content: object | string): void
  fetch(reference: string): Promise<string>
}

/** A workshop with a configuration directory and a home of its own. */
function configured(t: TestContext): Configured {
  const workshop = makeWorkshop(t)
  const config = join(workshop.directory, 'etc')
  const before = { ...process.env }
  Object.assign(process.env, { RKT_CONFIG_DIRS: config, HOME: join(workshop.directory, 'home') })
  t.after(() => {
    for (const name of Object.keys(process.env)) if (!(name in before)) delete process.env[name]
    Object.assign(process.env, before)
  })
  for (const place of ['auth.d', 'registries.d']) mkdirSync(join(config, place), { recursive: true })
  mkdirSync(join(workshop.directory, 'home/.docker'), { recursive: true })
  for (const { host } of [secured, mutual, guarded]) installCertificates(config, host, { authority: certificates.authority })
  installCertificates(config, new URL(tokens.realm).host, { authority: certificates.authority })
  return {
    workshop, config,
    write: (path, content) => writeFileSync(join(workshop.directory, path), typeof content === 'string' ? content : JSON.stringify(content), { mode: 0o600 }),
    fetch: async (reference) => {
      try {
        return (await workshop.fetch([reference], { insecure }))[0]!.imageId
      } finally {
        assert.doesNotMatch(JSON.stringify([workshop.debug, workshop.events]), /topsecret|c29tZW9uZTp0b3BzZWNyZXQ/)
      }
    },
  }
}

const dockerAuth = (registries: string[], password = 'topsecret'): object => (
  { rktKind: 'dockerAuth', rktVersion: 'v1', registries, credentials: { user: 'someone', password } }
)

async function refuses(work: Promise<unknown>, code: Parameters<typeof isRocketError>[1], text: RegExp): Promise<void> {
  await assert.rejects(work, (error) => {
    assert.ok(isRocketError(error, code!), String(error))
    assert.match(`${error.message} ${error.hint}`, text)
    assert.doesNotMatch(JSON.stringify(error.toDocument()), /topsecret/)
    return true
  })
}

test('believes an authority of its own for one registry, and nobody else for it', { skip }, async (t) => {
  const { config, fetch } = configured(t)
  await fetch(`docker://${secured.host}/team/app`)
  rmSync(join(config, 'certs.d', secured.host), { recursive: true })
  await refuses(fetch(`docker://${secured.host}/public/app`), 'REGISTRY_UNREACHABLE', /certs\.d\/HOST/)
})

test('shows its certificate to a registry that wants to know who asks', { skip }, async (t) => {
  const { config, fetch } = configured(t)
  await refuses(fetch(`docker://${mutual.host}/team/app`), 'REGISTRY_UNREACHABLE', /certificate|closed the connection/)
  installCertificates(config, mutual.host, { client: certificates.client })
  await fetch(`docker://${mutual.host}/team/app`)
  rmSync(join(config, 'certs.d', mutual.host, 'client.key'))
  await refuses(fetch(`docker://${mutual.host}/public/app`), 'CONFIG_INVALID', /client\.key is missing/)
})

test('says that a certificate cannot be used, without what is in it', { skip }, async (t) => {
  const { config, fetch } = configured(t)
  writeFileSync(join(config, 'certs.d', secured.host, 'x.cert'), 'topsecret')
  writeFileSync(join(config, 'certs.d', secured.host, 'x.key'), 'topsecret')
  await refuses(fetch(`docker://${secured.host}/team/app`), 'CONFIG_INVALID', /cannot be used/)
})

test('gets a token as anybody for what anybody may have, and is refused the rest', { skip }, async (t) => {
  const { fetch } = configured(t)
  tokens.asked.length = 0
  await fetch(`docker://${guarded.host}/public/app`)
  assert.deepEqual(tokens.asked, [{ method: 'GET', authorization: undefined, parameters: { service: tokens.service, scope: 'repository:public/app:pull' } }])
  await refuses(fetch(`docker://${guarded.host}/team/app`), 'REGISTRY_UNAUTHORIZED', /after it was sent what it had asked for|401|403/)
})

test('F6: gives its credentials to a token server elsewhere once the configuration names it', { skip }, async (t) => {
  const { write, fetch } = configured(t)
  write('etc/auth.d/a.json', dockerAuth([guarded.host]))
  tokens.asked.length = 0
  await refuses(fetch(`docker://${guarded.host}/team/app`), 'REGISTRY_UNAUTHORIZED', /tokenServers of this registry/)
  assert.deepEqual(tokens.asked, [])
  const tokenServers = [new URL(tokens.realm).origin]
  write('etc/registries.d/a.json', { rktKind: 'registries', rktVersion: 'v1', registries: [{ registry: guarded.host, tokenServers }] })
  await fetch(`docker://${guarded.host}/team/app`)
  assert.equal(tokens.asked.length, 1, 'one token for the manifest and all blobs')
  write('etc/auth.d/a.json', dockerAuth([guarded.host], 'nottopsecret'))
  await refuses(fetch(`docker://${guarded.host}/public/app`), 'REGISTRY_UNAUTHORIZED', /gave no token/)
})

for (const [name, config, helper] of [
  ['auths', (host: string) => ({ auths: { [`https://${host}/v1/`]: { auth: Buffer.from('someone:topsecret').toString('base64') } } }), undefined],
  ['an identity token', (host: string) => ({ auths: { [host]: { identitytoken: 'refresh-topsecret' } } }), undefined],
  ['a helper of the registry', (host: string) => ({ credHelpers: { [host]: 'ours' } }), '{"ServerURL":"x","Username":"someone","Secret":"topsecret"}'],
  ['a store that has an identity token', () => ({ credsStore: 'ours' }), '{"ServerURL":"x","Username":"<token>","Secret":"refresh-topsecret"}'],
] as const) {
  test(`logs in with docker's configuration: ${name}`, { skip }, async (t) => {
    const { workshop, write, fetch } = configured(t)
    write('etc/registries.d/a.json', {
      rktKind: 'registries', rktVersion: 'v1', registries: [{ registry: guarded.host, tokenServers: [new URL(tokens.realm).origin] }],
    })
    if (helper !== undefined) {
      const log = join(workshop.directory, 'helper.log')
      write('docker-credential-ours', `#!/bin/sh\n{ echo "$1"; cat; } > ${log}\necho '${helper}'\n`)
      chmodSync(join(workshop.directory, 'docker-credential-ours'), 0o755)
      process.env['PATH'] = `${workshop.directory}:${process.env['PATH']}`
    }
    write('home/.docker/config.json', config(guarded.host))
    await fetch(`docker://${guarded.host}/team/app`)
  })
}

test('asks auth.d before docker', { skip }, async (t) => {
  const { write, fetch } = configured(t)
  write('etc/registries.d/a.json', {
    rktKind: 'registries', rktVersion: 'v1', registries: [{ registry: guarded.host, tokenServers: [new URL(tokens.realm).origin] }],
  })
  write('etc/auth.d/a.json', dockerAuth([guarded.host]))
  write('home/.docker/config.json', { credHelpers: { [guarded.host]: 'is-not-there' } })
  await fetch(`docker://${guarded.host}/team/app`)
})

interface Mirrored {
  host: string
  requests: string[]
}

/** A mirror that answers as it likes. */
async function mirror(t: TestContext, answer: (path: string) => { status: number; body?: Buffer | string }): Promise<Mirrored> {
  const requests: string[] = []
  const server: Server = createServer((request, response) => {
    requests.push(request.url ?? '')
    const { status, body } = answer(request.url ?? '')
    response.writeHead(status).end(body)
  }).listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  return { host: `127.0.0.1:${(server.address() as AddressInfo).port}`, requests }
}

test('asks mirrors for content before the registry, and for tags only those that are believed about them', { skip }, async (t) => {
  const { workshop, write, fetch } = configured(t)
  const liar = await mirror(t, (path) => (path.includes('/blobs/') ? { status: 200, body: 'not this' } : { status: 200, body: '{"schemaVersion":2}' }))
  const empty = await mirror(t, () => ({ status: 404 }))
  const mirrors = [{ location: `${liar.host}/copy` }, { location: `${empty.host}/copy`, tags: true }, { location: open.host }]
  write('etc/registries.d/a.json', {
    rktKind: 'registries', rktVersion: 'v1', mirrors: [{ prefix: secured.host, mirrors }],
    registries: [liar, empty, open].map(({ host }) => ({ registry: host, http: true })),
  })
  await fetch(`docker://${secured.host}/team/app`)
  assert.ok(liar.requests.every((path) => path.startsWith('/v2/copy/team/app/blobs/sha256:')), 'no tag was asked of it')
  assert.ok(liar.requests.length >= 2 && empty.requests[0] === '/v2/copy/team/app/manifests/latest')
  assert.ok(workshop.debug.some((line) => line.startsWith(`the mirror ${liar.host}/copy/team/app is passed over`)))
})

test('knows by its configuration what a name without a host means', { skip }, async (t) => {
  const { write, fetch, workshop } = configured(t)
  write('etc/registries.d/a.json', {
    rktKind: 'registries', rktVersion: 'v1', registries: [{ registry: open.host, http: true }],
    aliases: { web: `${open.host}/public/app` }, defaultRegistries: [{ prefix: 'team', registry: secured.host }],
  })
  const ids = [await fetch('docker://web'), await fetch('docker://team/app')]
  assert.equal(ids[0], ids[1])
  assert.ok(workshop.debug.includes(`remote fetching from URL "docker://${open.host}/public/app:latest"`))
  assert.ok(workshop.debug.includes(`remote fetching from URL "docker://${secured.host}/team/app:latest"`))
  workshop.debug.length = 0
  await fetch('docker://web')
  assert.deepEqual(workshop.debug, ['using image from local store for url docker://web:latest'])
})

test('goes through the proxy that the environment names, but not to this machine', { skip }, async (t) => {
  const { config, write, fetch } = configured(t)
  const asked: string[] = []
  const proxy = createServer((_, response) => response.writeHead(400).end()).listen(0, '127.0.0.1')
  proxy.on('connect', (request, socket) => {
    asked.push(request.url ?? '')
    const [, port] = secured.host.split(':')
    const upstream = connect(Number(port), '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n')
      socket.pipe(upstream)
      upstream.pipe(socket)
    })
    upstream.on('error', () => socket.destroy())
    socket.on('error', () => upstream.destroy())
  })
  await new Promise((resolve) => proxy.once('listening', resolve))
  t.after(() => {
    proxy.closeAllConnections()
    proxy.close()
  })
  process.env['HTTPS_PROXY'] = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`
  delete process.env['https_proxy']
  await fetch(`docker://${secured.host}/team/app`)
  assert.deepEqual(asked, [])
  // The certificate is for localhost and 127.0.0.1; the name shows that the proxy was asked, and that TLS goes through it to the other end.
  installCertificates(config, 'registry.example', { authority: certificates.authority })
  await refuses(fetch('docker://registry.example/team/app'), 'REGISTRY_UNREACHABLE', /registry\.example/)
  assert.deepEqual(new Set(asked), new Set(['registry.example:443']))
  process.env['NO_PROXY'] = 'registry.example'
  asked.length = 0
  write('etc/auth.d/a.json', dockerAuth(['x']))
  await refuses(fetch('docker://registry.example/team/app'), 'REGISTRY_UNREACHABLE', /registry\.example/)
  assert.deepEqual(asked, [])
})

test('pushes with a token for that, to a repository of its own', { skip }, async (t) => {
  const { config, write } = configured(t)
  write('etc/auth.d/a.json', dockerAuth([guarded.host]))
  write('etc/registries.d/a.json', {
    rktKind: 'registries', rktVersion: 'v1', registries: [{ registry: guarded.host, tokenServers: [new URL(tokens.realm).origin] }],
  })
  const network = openNetwork({ insecure, warn: assert.fail, directories: [config] })
  t.after(() => network.close())
  const client = network.client({ registry: guarded.host, repository: 'team/app' })
  const bytes = Buffer.from(`pushed ${process.pid}`)
  const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`
  const blob = { digest, sizeBytes: bytes.length, open: () => Readable.from([bytes]) as AsyncIterable<Buffer> }
  tokens.asked.length = 0
  assert.equal(await client.putBlob(blob), 'sent')
  assert.equal(await client.putBlob(blob), 'there')
  assert.ok(await client.hasBlob(digest))
  assert.deepEqual(tokens.asked.map(({ parameters }) => parameters['scope']), ['repository:team/app:pull,push', 'repository:team/app:pull'])
  const elsewhere = network.client({ registry: guarded.host, repository: 'public/other' })
  await refuses(elsewhere.putBlob(blob), 'REGISTRY_UNAUTHORIZED', /401/)
})
