import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { isRocketError, type ErrorCode } from '@rocket/contracts'
import { makeSignedLayout, type SignedLayout } from '../testing/make-signed-layout.ts'
import { copy, type CopyRequest, type CopyResult } from './copy.ts'

const missing = existsSync('/usr/bin/skopeo') ? false : 'needs skopeo: apt-get install skopeo'
const here = process.arch === 'arm64' ? 'arm64' as const : 'amd64' as const

interface Place {
  at(name: string): string
  image: SignedLayout
  warnings: string[]
  copy(source: string, destination: string, more?: Partial<CopyRequest>): Promise<CopyResult>
}

function place(t: Pick<TestContext, 'after'>): Place {
  const directory = mkdtempSync(join(tmpdir(), 'rocket-copy-'))
  t.after(() => rmSync(directory, { recursive: true, force: true }))
  const warnings: string[] = []
  mkdirSync(join(directory, 'src'))
  return {
    at: (name) => join(directory, name), image: makeSignedLayout(join(directory, 'src/app')), warnings,
    copy: (source, destination, more = {}) => copy({
      source, destination, referrers: true, overwrite: false, insecure: { http: true, tls: false }, cwd: directory, ...more,
    }, {
      openStored: () => Promise.reject(new Error('no store here')), warn: (message) => void warnings.push(message), debug: () => {},
    }),
  }
}

const raw = (reference: string): string => execFileSync('skopeo', ['inspect', '--raw', reference], { encoding: 'utf8' })
const digestOf = (bytes: string | Buffer): string => `sha256:${createHash('sha256').update(bytes).digest('hex')}`
const coded = (code: ErrorCode, text: RegExp = /./) => (error: unknown): boolean => {
  if (isRocketError(error, code) && text.test(error.message)) return true
  throw error
}

test('an archive of everything goes to a layout and back, and is the same archive', { skip: missing }, async (t) => {
  const { at, copy: copyTo, image } = place(t)
  const first = await copyTo('oci:src/app:v1', 'oci-archive:a.tar', { platform: 'all' })
  assert.deepEqual([first.digest, first.manifests, first.referrers], [image.index, 4, 4])
  await copyTo('oci-archive:a.tar', 'oci:again', { platform: 'all' })
  await copyTo('oci:again:v1', 'oci-archive:b.tar', { platform: 'all' })
  assert.deepEqual(readFileSync(at('b.tar')), readFileSync(at('a.tar')))
  assert.equal(digestOf(raw(`oci-archive:${at('a.tar')}:v1`)), image.index)
  const blobs = (directory: string): string[] => readdirSync(join(directory, 'blobs/sha256')).toSorted()
  assert.deepEqual(blobs(at('again')), blobs(image.directory))
  for (const hex of blobs(at('again'))) assert.equal(digestOf(readFileSync(join(at('again'), 'blobs/sha256', hex))), `sha256:${hex}`)
})

test('without --all the index comes whole, with the image of one platform and what refers to either', { skip: missing }, async (t) => {
  const { at, copy: copyTo, image } = place(t)
  const copied = await copyTo('oci:src/app:v1', 'oci-archive:a.tar')
  assert.deepEqual([copied.digest, copied.referrers], [image.index, here === 'amd64' ? 4 : 3])
  execFileSync('skopeo', ['copy', '--quiet', `oci-archive:${at('a.tar')}:v1`, `dir:${at('judge')}`])
  assert.equal(digestOf(readFileSync(at('judge/manifest.json'))), image.manifests[here])
  const other = here === 'amd64' ? 'arm64' : 'amd64'
  await assert.rejects(copyTo('oci-archive:a.tar', 'oci:b', { platform: { os: 'linux', architecture: other } }), coded('OCI_LAYOUT_INVALID', /lacks/))
  assert.deepEqual(existsSync(at('b')), false)
})

for (const [to, judge] of [
  ['docker-archive:d.tar:example.com/web:1', 'docker-archive:d.tar:example.com/web:1'], ['dir:plain', 'dir:plain'], ['oci:flat:v1', 'oci:flat:v1'],
] as const) {
  test(`what is copied to ${to.split(':')[0]} is read by skopeo, and copied back`, { skip: missing }, async (t) => {
    const { at, copy: copyTo, image } = place(t)
    const from = `oci:src/app@${image.manifests[here]}`
    const copied = await copyTo(from, to, { referrers: false })
    assert.equal(copied.digest, image.manifests[here])
    const there = judge.replace(/^([a-z-]+):/, `$1:${at('')}/`)
    const inspected = JSON.parse(execFileSync('skopeo', ['inspect', '--config', there], { encoding: 'utf8' })) as { architecture: string }
    assert.equal(inspected.architecture, here)
    execFileSync('skopeo', ['copy', '--quiet', there, `oci:${at('judge')}:x`])
    const [layer] = JSON.parse(raw(`oci:${at('judge')}:x`)).layers as { digest: string }[]
    const bytes = readFileSync(at(`judge/blobs/${layer!.digest.replace(':', '/')}`))
    assert.match(execFileSync('tar', ['-xzOf', '-', './f'], { input: bytes, encoding: 'utf8' }), new RegExp(`^${here} content`))
    await copyTo(judge, 'oci:back:v1', { referrers: false })
    if (!to.startsWith('docker')) assert.equal(digestOf(raw(`oci:${at('back')}:v1`)), image.manifests[here])
  })
}

test('an index goes into a plain directory whole with --all, as skopeo writes it', { skip: missing }, async (t) => {
  const { at, copy: copyTo, image } = place(t)
  await copyTo('oci:src/app:v1', 'dir:all', { platform: 'all', referrers: false })
  execFileSync('skopeo', ['copy', '--quiet', '--all', `oci:${image.directory}:v1`, `dir:${at('judge')}`])
  assert.deepEqual(readdirSync(at('all')).toSorted(), readdirSync(at('judge')).toSorted())
  for (const name of readdirSync(at('all'))) assert.deepEqual(readFileSync(at(`all/${name}`)), readFileSync(at(`judge/${name}`)), name)
})

test('umoci unpacks a layout that a copy made', { skip: existsSync('/usr/bin/umoci') ? false : 'needs umoci: apt-get install umoci' }, async (t) => {
  const { at, copy: copyTo, image } = place(t)
  await copyTo(`oci:src/app@${image.manifests[here]}`, 'oci:flat:v1', { referrers: false })
  execFileSync('umoci', ['unpack', '--rootless', '--image', `${at('flat')}:v1`, at('bundle')], { stdio: 'pipe' })
  assert.match(readFileSync(at('bundle/rootfs/f'), 'utf8'), new RegExp(`^${here} content`))
})

test('what a layout holds already is kept and not written again, and a tag names the newer image', { skip: missing }, async (t) => {
  const { at, copy: copyTo, image } = place(t)
  await copyTo('oci:src/app:v1', 'oci:to:one', { platform: 'all' })
  const again = await copyTo('oci:src/app:v1', 'oci:to:two', { platform: 'all' })
  assert.equal(again.sentBlobs, 0)
  await copyTo(`oci:src/app@${image.manifests.arm64}`, 'oci:to:one')
  const tags = (JSON.parse(readFileSync(at('to/index.json'), 'utf8')) as { manifests: { digest: string; annotations?: Record<string, string> }[] }).manifests
  const named = Object.fromEntries(tags.map(({ digest, annotations }) => [annotations?.['org.opencontainers.image.ref.name'] ?? digest, digest]))
  assert.deepEqual([named['one'], named['two'], named[image.cosignTag]], [image.manifests.arm64, image.index, image.referrers[0]])
  assert.equal(tags.length, 2 + 4)
})

for (const [what, source, destination, more, code, text] of [
  ['signatures into a docker-archive', 'oci:src/app:v1', 'docker-archive:x.tar', {}, 'PACK_FAILED', /platform|signatures/],
  ['signatures into a plain directory', 'oci:src/app:v1', 'dir:x', { platform: 'all' }, 'PACK_FAILED', /signatures/],
  ['several platforms into a docker-archive', 'oci:src/app:v1', 'docker-archive:x.tar', { platform: 'all', referrers: false }, 'PACK_FAILED', /one platform/],
  ['to a file that is there', 'oci:src/app:v1', 'oci-archive:there', {}, 'PACK_FAILED', /there already/],
  ['to a directory that is something else', 'oci:src/app:v1', 'oci:src', {}, 'PACK_FAILED', /not an OCI image layout/],
  ['to a digest', 'oci:src/app:v1', `oci:x@sha256:${'a'.repeat(64)}`, {}, 'USAGE', /tag/],
  ['to a name', 'oci:src/app:v1', 'example.com/web', {}, 'USAGE', /cannot be copied to/],
  ['an ACI', './x.aci', 'oci:x', {}, 'IMAGE_UNSUPPORTED', /ACI/],
] as const) test(`refuses to copy ${what}, and writes nothing`, async (t) => {
  const { at, copy: copyTo } = place(t)
  writeFileSync(at('there'), 'precious')
  await assert.rejects(copyTo(source, destination, more), coded(code as ErrorCode, text))
  assert.deepEqual(readdirSync(at('')).toSorted(), ['src', 'there'])
  assert.equal(readFileSync(at('there'), 'utf8'), 'precious')
})

test('an archive that is there is replaced when that is asked for', async (t) => {
  const { at, copy: copyTo } = place(t)
  writeFileSync(at('a.tar'), 'old')
  await copyTo('oci:src/app:v1', 'oci-archive:a.tar', { overwrite: true })
  assert.ok(readFileSync(at('a.tar')).length > 1000)
})

for (const to of ['oci-archive:x.tar', 'oci:x', 'dir:x', 'docker-archive:x.tar'] as const) {
  test(`a blob with other content stops the copy to ${to.split(':')[0]}, and nothing of it can be found`, async (t) => {
    const { at, copy: copyTo, image } = place(t)
    const manifest = JSON.parse(readFileSync(join(image.directory, 'blobs', image.manifests[here].replace(':', '/')), 'utf8')) as { layers: { digest: string }[] }
    const path = join(image.directory, 'blobs', manifest.layers[0]!.digest.replace(':', '/'))
    const bytes = readFileSync(path)
    bytes[bytes.length - 1]! ^= 1
    writeFileSync(path, bytes)
    await assert.rejects(copyTo(`oci:src/app@${image.manifests[here]}`, to, { referrers: false }), coded('LAYER_DIGEST_MISMATCH'))
    const left = readdirSync(at('')).filter((name) => name !== 'src')
    assert.deepEqual(left, to === 'oci:x' ? ['x'] : [])
    if (to === 'oci:x') assert.deepEqual([readdirSync(at('x')), readdirSync(at('x/blobs/sha256')).includes(manifest.layers[0]!.digest.slice(7))], [['blobs'], false])
  })
}

test('with --platform and no index at the destination, what is said of the index is told to stay behind', async (t) => {
  const { copy: copyTo, warnings } = place(t)
  await copyTo('oci:src/app:v1', 'docker-archive:x.tar', { platform: { os: 'linux', architecture: 'arm64' } })
  assert.match(warnings.join(), /signatures of the index sha256:.* were not copied/)
})

test('copies into one layout at the same time lose nothing of each other', async (t) => {
  const { at, copy: copyTo, image } = place(t)
  await Promise.all(Array.from({ length: 8 }, (_, index) => copyTo('oci:src/app:v1', `oci:to:tag${index}`, { platform: 'all' })))
  const { manifests } = JSON.parse(readFileSync(at('to/index.json'), 'utf8')) as { manifests: { digest: string; annotations?: Record<string, string> }[] }
  const tags = manifests.filter(({ digest }) => digest === image.index).map(({ annotations }) => annotations?.['org.opencontainers.image.ref.name'])
  assert.deepEqual(tags.toSorted(), Array.from({ length: 8 }, (_, index) => `tag${index}`))
  for (const hex of readdirSync(at('to/blobs/sha256'))) assert.equal(digestOf(readFileSync(at(`to/blobs/sha256/${hex}`))), `sha256:${hex}`)
})

test('what is called by a registry keeps that name in layouts and archives, whatever it is called there', async (t) => {
  const { at, image, copy: copyTo } = place(t)
  const index = JSON.parse(readFileSync(join(image.directory, 'index.json'), 'utf8')) as { manifests: { annotations: Record<string, string> }[] }
  index.manifests[0]!.annotations['io.containerd.image.name'] = 'registry.example/web:2'
  writeFileSync(join(image.directory, 'index.json'), JSON.stringify(index))
  await copyTo('oci:src/app:v1', 'oci-archive:a.tar:mine')
  await copyTo('oci-archive:a.tar:mine', 'oci:to')
  const copied = JSON.parse(readFileSync(at('to/index.json'), 'utf8')) as typeof index
  assert.deepEqual(copied.manifests[0]!.annotations, { 'io.containerd.image.name': 'registry.example/web:2', 'org.opencontainers.image.ref.name': 'mine' })
})
