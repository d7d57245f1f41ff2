import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { isRocketError, type ErrorCode } from '@rocket/contracts'
import { makeSignedLayout, type SignedLayout } from '../testing/make-signed-layout.ts'
import { registryMissing as skip, startRegistry, type TestRegistry } from '../testing/start-registry.ts'
import { copy, type CopyRequest, type CopyResult } from './copy.ts'

interface Place {
  at(name: string): string
  image: SignedLayout
  registry: TestRegistry
  copy(source: string, destination: string, more?: Partial<CopyRequest>): Promise<CopyResult>
  /** The bytes that the registry serves; undefined for what it does not have. */
  get(path: string): Promise<Buffer | undefined>
}

async function place(t: Pick<TestContext, 'after'>, user?: { name: string; password: string }): Promise<Place> {
  const directory = mkdtempSync(join(tmpdir(), 'rocket-push-'))
  t.after(() => rmSync(directory, { recursive: true, force: true }))
  mkdirSync(join(directory, 'src'))
  mkdirSync(join(directory, 'registry'))
  const registry = await startRegistry(t, join(directory, 'registry'), user)
  const authorization = user === undefined ? {} : { authorization: `Basic ${Buffer.from(`${user.name}:${user.password}`).toString('base64')}` }
  return {
    at: (name) => join(directory, name), image: makeSignedLayout(join(directory, 'src/app')), registry,
    copy: (source, destination, more = {}) => copy({
      source, destination, referrers: true, overwrite: false, insecure: { http: true, tls: false }, cwd: directory, ...more,
    }, { openStored: () => Promise.reject(new Error('no store here')), warn: () => {}, debug: () => {} }),
    get: async (path) => {
      const accept = 'application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json'
      const answer = await fetch(`http://${registry.host}/v2/${path}`, { headers: { accept, ...authorization } })
      return answer.ok ? Buffer.from(await answer.arrayBuffer()) : undefined
    },
  }
}

const digestOf = (bytes: Buffer): string => `sha256:${createHash('sha256').update(bytes).digest('hex')}`
const coded = (code: ErrorCode) => (error: unknown): boolean => {
  if (isRocketError(error, code)) return true
  throw error
}

test('a layout goes to a registry and back into an archive: every digest, every signature and list of parts is the same', { skip }, async (t) => {
  const { at, image, registry, copy: copyTo, get } = await place(t)
  const pushed = await copyTo('oci:src/app:v1', `docker://${registry.host}/app:v1`, { platform: 'all' })
  assert.deepEqual([pushed.digest, pushed.referrers], [image.index, 4])
  assert.equal(digestOf((await get('app/manifests/v1'))!), image.index)
  for (const digest of [...image.referrers, ...Object.values(image.manifests)]) assert.equal(digestOf((await get(`app/manifests/${digest}`))!), digest)
  assert.equal(digestOf((await get(`app/manifests/${image.cosignTag}`))!), image.referrers[0])
  await copyTo(`docker://${registry.host}/app:v1`, 'oci-archive:a.tar', { platform: 'all' })
  await copyTo('oci:src/app:v1', 'oci-archive:b.tar', { platform: 'all' })
  // The registry knows a list of parts by its subject only, so it says what kind it is where the layout did not.
  const entries = (file: string): string => execFileSync('tar', ['-tf', at(file)], { encoding: 'utf8' })
  assert.equal(entries('a.tar'), entries('b.tar'))
  execFileSync('skopeo', ['copy', '--quiet', `oci-archive:${at('a.tar')}:v1`, `dir:${at('judge')}`])
})

test('a registry without a list of what refers to an image gets one under a tag, which a second copy adds to', { skip }, async (t) => {
  const { image, registry, copy: copyTo, get } = await place(t)
  const listed = async (about: string): Promise<{ digest: string; artifactType?: string; annotations?: object }[]> => (
    (JSON.parse((await get(`app/manifests/${about.replace(':', '-')}`))!.toString()) as { manifests: { digest: string }[] }).manifests
  )
  for (const tag of ['v1', 'v2']) await copyTo('oci:src/app:v1', `docker://${registry.host}/app:${tag}`, { platform: 'all' })
  const [parts, ...others] = await listed(image.index)
  assert.deepEqual(others, [])
  assert.deepEqual([parts?.digest, parts?.artifactType, parts?.annotations], [image.referrers[1], 'application/vnd.test.sbom', { of: 'parts' }])
  assert.deepEqual((await listed(image.referrers[1]!)).map(({ digest }) => digest), [image.referrers[2]])
})

test('what is there is not sent again, and what another repository has is mounted', { skip }, async (t) => {
  const { registry, copy: copyTo, get, image } = await place(t)
  const first = await copyTo('oci:src/app:v1', `docker://${registry.host}/app:v1`, { platform: 'all' })
  assert.ok(first.sentBlobs > 0 && first.keptBlobs === 0, JSON.stringify(first))
  const second = await copyTo('oci:src/app:v1', `docker://${registry.host}/app:v2`, { platform: 'all' })
  assert.deepEqual([second.sentBlobs, second.keptBlobs], [0, first.sentBlobs])
  const mounted = await copyTo(`docker://${registry.host}/app:v1`, `docker://${registry.host}/other/app:v1`, { platform: 'all' })
  assert.deepEqual([mounted.sentBlobs, mounted.keptBlobs], [0, first.sentBlobs])
  assert.equal(digestOf((await get('other/app/manifests/v1'))!), image.index)
})

test('without --all a registry gets the image of one platform, which skopeo reads', { skip }, async (t) => {
  const { registry, copy: copyTo, image } = await place(t)
  const copied = await copyTo('oci:src/app:v1', `docker://${registry.host}/one:v1`, { platform: { os: 'linux', architecture: 'arm64' } })
  assert.equal(copied.digest, image.manifests.arm64)
  const args = ['inspect', '--tls-verify=false', '--override-arch=arm64', `docker://${registry.host}/one:v1`]
  assert.equal((JSON.parse(execFileSync('skopeo', args, { encoding: 'utf8' })) as { Digest: string }).Digest, image.manifests.arm64)
})

test('what skopeo pushed is copied from the registry with the digests that skopeo sees', { skip }, async (t) => {
  const { at, image, registry, copy: copyTo } = await place(t)
  registry.push(`oci:${image.directory}:v1`, 'app:v1', '--all')
  await copyTo(`docker://${registry.host}/app:v1`, 'oci:to:v1', { platform: 'all' })
  assert.equal(digestOf(execFileSync('skopeo', ['inspect', '--raw', `oci:${at('to')}:v1`])), image.index)
})

test('a registry that wants a login gets it, and one that is not told refuses before anything is there', { skip }, async (t) => {
  const user = { name: 'me', password: 'secret' }
  const { at, registry, copy: copyTo, get, image } = await place(t, user)
  const to = `docker://${registry.host}/app:v1`
  await assert.rejects(copyTo('oci:src/app:v1', to), coded('REGISTRY_UNAUTHORIZED'))
  mkdirSync(at('config/auth.d'), { recursive: true })
  const login = { rktKind: 'dockerAuth', rktVersion: 'v1', registries: [registry.host], credentials: { user: user.name, password: user.password } }
  writeFileSync(at('config/auth.d/me.json'), JSON.stringify(login))
  const before = process.env['RKT_CONFIG_DIRS']
  process.env['RKT_CONFIG_DIRS'] = at('config')
  t.after(() => (before === undefined ? delete process.env['RKT_CONFIG_DIRS'] : process.env['RKT_CONFIG_DIRS'] = before))
  await copyTo('oci:src/app:v1', to, { platform: 'all' })
  assert.equal(digestOf((await get('app/manifests/v1'))!), image.index)
})

test('a blob with other content stops the copy, and the registry knows neither it nor the tag', { skip }, async (t) => {
  const { image, registry, copy: copyTo, get } = await place(t)
  const manifest = JSON.parse(readFileSync(join(image.directory, 'blobs', image.manifests.amd64.replace(':', '/')), 'utf8')) as { layers: { digest: string }[] }
  const { digest } = manifest.layers[0]!
  const path = join(image.directory, 'blobs', digest.replace(':', '/'))
  const bytes = readFileSync(path)
  bytes[bytes.length - 1]! ^= 1
  writeFileSync(path, bytes)
  await assert.rejects(copyTo('oci:src/app:v1', `docker://${registry.host}/app:v1`, { platform: 'all' }), coded('LAYER_DIGEST_MISMATCH'))
  assert.deepEqual([await get('app/manifests/v1'), await get(`app/blobs/${digest}`)], [undefined, undefined])
})

test('a server that closes every connection is an error with a code, and soon', async (t) => {
  const server = createServer((socket) => socket.destroy()).listen(0, '127.0.0.1')
  t.after(() => server.close())
  await new Promise((resolve) => server.once('listening', resolve))
  const directory = mkdtempSync(join(tmpdir(), 'rocket-push-'))
  t.after(() => rmSync(directory, { recursive: true, force: true }))
  mkdirSync(join(directory, 'src'))
  makeSignedLayout(join(directory, 'src/app'))
  await assert.rejects(copy({
    source: 'oci:src/app:v1', destination: `docker://127.0.0.1:${(server.address() as AddressInfo).port}/app:v1`, referrers: true, overwrite: false,
    insecure: { http: true, tls: false }, cwd: directory,
  }, { openStored: () => Promise.reject(new Error('no store here')), warn: () => {}, debug: () => {} }), coded('REGISTRY_UNREACHABLE'))
})
