import assert from 'node:assert/strict'
import { cpSync, existsSync, mkdtempSync, readFileSync, readlinkSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { after, test } from 'node:test'
import { builtGuestLayout, isRocketError, parseDocument } from '@rocket/contracts'
import { findProgram, sha256Hex } from '@rocket/host'
import { buildGuest } from './build.ts'
import { downloadPackage } from './download.ts'
import { neededLibraries } from './elf.ts'
import { readLock } from './lock.ts'
import { packGuest } from './pack.ts'
import { guestPackages, kernelPackages } from './recipe.ts'

const root = resolve(import.meta.dirname, '../../..')
const kept = join(root, '.rocket/guest')
const scratch = mkdtempSync(join(tmpdir(), 'guest-build-'))
after(() => rmSync(scratch, { recursive: true, force: true }))
/** A test fetches nothing: it builds from what a first build has left. */
const missing = findProgram('dpkg-deb') === undefined ? 'there is no dpkg-deb'
  : existsSync(join(kept, 'debian')) ? undefined : 'no guest was built here yet: node tools/guest/src/guest.ts'

test('the same inputs make the same bytes, in another place too', { skip: missing }, async () => {
  const first = await buildGuest({ root, kind: 'debian' })
  cpSync(join(kept, 'packages'), join(scratch, 'packages'), { recursive: true })
  const second = await buildGuest({ root, kind: 'debian', work: scratch })
  assert.equal(readlinkSync(second), readlinkSync(first))
  for (const name of Object.values(builtGuestLayout)) assert.ok(readFileSync(join(first, name)).equals(readFileSync(join(second, name))), name)
})

test('the manifest names every file with its digest, and every package that the lock names', { skip: missing }, async () => {
  const directory = await buildGuest({ root, kind: 'debian' })
  const manifest = parseDocument('GuestManifest', readFileSync(join(directory, builtGuestLayout.manifest), 'utf8'), 'manifest.json')
  for (const { name, sizeBytes, digest } of manifest.files) {
    const bytes = readFileSync(join(directory, name))
    assert.deepEqual([bytes.length, `sha256:${sha256Hex(bytes)}`], [sizeBytes, digest])
  }
  assert.deepEqual(manifest.contents.filter(({ path }) => ['/init', '/bin/crun', '/bin/agent.js', '/lib64/ld-linux-x86-64.so.2'].includes(path)).length, 4)
  const kernel = readFileSync(join(directory, builtGuestLayout.kernel))
  assert.equal(kernel.toString('latin1', 1, 4), 'ELF')
  assert.deepEqual(neededLibraries(kernel), [])
})

test('a guest packs as an image, twice the same', { skip: missing }, async () => {
  const directory = readlinkSync(await buildGuest({ root, kind: 'debian' }))
  const packed = await packGuest(join(kept, directory), join(scratch, 'one.aci'))
  const again = await packGuest(join(kept, directory), join(scratch, 'two.aci'))
  assert.equal(packed.imageId, again.imageId)
  assert.equal(packed.manifest.name, 'rocket/guest-debian')
  assert.ok(readFileSync(join(scratch, 'one.aci')).equals(readFileSync(join(scratch, 'two.aci'))))
})

test('the lock has what the recipe asks for, each with version and digest', () => {
  const lock = readLock()
  assert.deepEqual(lock.guest.map(({ name }) => name).sort(), [...guestPackages].sort())
  assert.equal(lock.kernels.small.some(({ name }) => name.startsWith(kernelPackages.small)), true)
  for (const one of [...lock.guest, ...lock.kernels.debian, ...lock.kernels.small]) {
    assert.match(one.digest, /^sha256:[0-9a-f]{64}$/, one.name)
    assert.match(one.path, /^pool\/.*\.deb$/, one.name)
  }
})

test('a package that the archive no longer has, or has with other bytes, is told by name', async () => {
  const server = createServer((request, response) => (request.url?.includes('gone') ? response.writeHead(404).end() : response.end('other bytes')))
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  after(() => server.close())
  const address = server.address()
  process.env['ROCKET_DEBIAN_MIRROR'] = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`
  const locked = { name: 'crun', packageVersion: '1', archive: 'debian', sizeBytes: 1, digest: `sha256:${'0'.repeat(64)}` } as const
  await assert.rejects(downloadPackage({ ...locked, path: 'pool/gone.deb' }, scratch), (error) => isRocketError(error, 'GUEST_PACKAGE_GONE') && error.message.includes('crun 1'))
  await assert.rejects(downloadPackage({ ...locked, path: 'pool/there.deb' }, scratch), (error) => isRocketError(error, 'GUEST_BUILD_FAILED'))
})
