import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { gunzipSync } from 'node:zlib'
import { inspectAci, unpackAci } from './aci.ts'
import { normaliseOci } from './normalise-oci.ts'
import { openContentDirectory } from './content/content-files.ts'
import { readImage } from './content/image-source.ts'
import { blobPath, openOciLayout } from './oci-layout.ts'
import { packAci } from './pack-aci.ts'
import { packOci } from './pack-oci.ts'
import { describeTree } from './testing/canary.ts'
import { hasCode } from './testing/has-code.ts'
import { inPieces, makeTar } from './testing/make-tar.ts'
import { unpackLayer } from './unpack-layer.ts'

const asRoot = process.geteuid?.() === 0 ? {} : { skip: 'needs root: it makes owners and devices' }
const manifest = readFileSync(new URL('../../contracts/src/appc/image-manifest/examples/minimal.json', import.meta.url))

const source = makeTar([
  { name: './', mode: 0o751, mtimeNs: 1_111_111_111_000_000_000n },
  { name: 'bin/', mode: 0o2755 },
  { name: 'bin/su', content: 'suid', mode: 0o4755, uid: 4_000_000, gid: 12, mtimeNs: 1_234_567_890_987_654_321n },
  { name: 'bin/again', type: 'hardlink', linkname: 'bin/su' },
  { name: 'bin/sh', linkname: '../bin/su' },
  {
    name: 'caps',
    content: 'x',
    xattrs: [
      ['security.capability', Buffer.from('0100000200f4ff000000000000000000ffff0000', 'hex')],
      ['user.z', Buffer.from([0, 200])],
    ],
  },
  { name: 'caf\xe9', content: 'latin-1' },
  { name: Buffer.from('\u00fcmlaut \u6570'), content: 'utf-8' },
  { name: 'null', type: 'char', deviceMajor: 1, deviceMinor: 3 },
  { name: 'pipe', type: 'fifo' },
  { name: `${'long-name/'.repeat(20)}f`, content: 'y'.repeat(3_000_000) },
  { name: 'link', linkname: 't'.repeat(300) },
  { name: 'empty/' },
])

async function makeRootfs(t: TestContext): Promise<{ directory: string; rootfs: string }> {
  const directory = mkdtempSync(join(tmpdir(), 'rocket-pack-'))
  t.after(() => rmSync(directory, { recursive: true, force: true }))
  const rootfs = join(directory, 'rootfs')
  await unpackLayer(inPieces(source, 100_000), rootfs, { whiteouts: 'none' })
  return { directory, rootfs }
}

test('an ACI that is packed and unpacked is the tree it was made of', asRoot, async (t) => {
  const { directory, rootfs } = await makeRootfs(t)
  const file = join(directory, 'x.aci')
  const packed = await packAci(file, { rootfs, manifest })
  const unpacked = await unpackAci(file, join(directory, 'out'))
  assert.equal(unpacked.imageId, packed.imageId)
  assert.equal(unpacked.manifestJson, manifest.toString())
  assert.equal(describeTree(join(directory, 'out')), describeTree(rootfs))
  const listed = execFileSync('tar', ['tvf', file, '--numeric-owner', '--quoting-style=escape'], { encoding: 'utf8' })
  assert.match(listed, /^-rw-r--r-- 0\/0 .* manifest$/m)
  assert.match(listed, /^-rwsr-xr-x 4000000\/12 .* rootfs\/bin\/again$/m)
  assert.match(listed, /^h.* rootfs\/bin\/su link to rootfs\/bin\/again$/m)
})

test('the same tree and manifest give the same bytes, wherever and whenever they are packed', asRoot, async (t) => {
  const [one, two] = [await makeRootfs(t), await makeRootfs(t)]
  // Another order of creation, and so of reading.
  execFileSync('sh', ['-c', 'mv caps c && mv c caps && mv empty e && mv e empty && touch -d @1111111111 .'], { cwd: two.rootfs })
  for (const compression of ['gzip', 'none'] as const) {
    await packAci(join(one.directory, 'x'), { rootfs: one.rootfs, manifest, compression })
    await packAci(join(two.directory, 'x'), { rootfs: two.rootfs, manifest, compression })
    assert.ok(readFileSync(join(one.directory, 'x')).equals(readFileSync(join(two.directory, 'x'))), compression)
  }
  await packOci(join(one.directory, 'oci'), { rootfs: one.rootfs, manifest })
  await packOci(join(two.directory, 'oci'), { rootfs: two.rootfs, manifest })
  execFileSync('diff', ['-r', join(one.directory, 'oci'), join(two.directory, 'oci')])
})

test('times are set back to the latest that is allowed', async (t) => {
  const { directory, rootfs } = await makeRootfs(t)
  await packAci(join(directory, 'x'), { rootfs, manifest, latestNs: 1_200_000_000_000_000_000n })
  await unpackAci(join(directory, 'x'), join(directory, 'out'))
  const times = describeTree(join(directory, 'out'))
    .split('\n')
    .map((line) => /1[12]\d{17}/.exec(line)?.[0])
    .filter((time) => time !== undefined)
  assert.deepEqual([...new Set(times)].sort(), ['1111111111000000000', '1200000000000000000'])
})

test('an OCI layout that is packed has the tree and the configuration, and skopeo and umoci agree', asRoot, async (t) => {
  const { directory, rootfs } = await makeRootfs(t)
  const layout = join(directory, 'oci')
  const everything = readFileSync(new URL('../../contracts/src/appc/image-manifest/examples/everything.json', import.meta.url), 'utf8')
    .replace('"user": "web"', '"user": "1000"')
    .replace('"group": "web"', '"group": "100"')
  const packed = await packOci(layout, { rootfs, manifest: everything })
  assert.equal(packed.tag, '1.0')
  assert.deepEqual(
    packed.warnings.map((warning) => warning.split(' ').at(-3)),
    ['isolators:', 'eventHandlers:', 'supplementaryGIDs:'],
  )
  const image = await readImage(openOciLayout(openContentDirectory(layout), '1.0'), { os: 'linux', architecture: 'amd64' })
  await unpackLayer(blobPath(layout, image.layers[0]!.descriptor.digest), join(directory, 'out'), {
    digest: image.layers[0]!.descriptor.digest,
    diffId: image.layers[0]!.diffId,
  })
  assert.equal(describeTree(join(directory, 'out')), describeTree(rootfs))
  const { app } = normaliseOci(image.config, {
    name: 'x',
    manifestDigest: image.manifestDigest,
    configDigest: image.manifest.config.digest,
  }).manifest
  assert.deepEqual([app?.exec, app?.user, app?.group, app?.workingDirectory], [['/bin/web', '--port', '80'], '1000', '100', '/srv'])
  assert.deepEqual(
    app?.ports.map(({ port, count, protocol }) => [port, count, protocol]),
    [
      [80, 1, 'tcp'],
      [65000, 536, 'udp'],
    ],
  )
  if (!isInstalled('skopeo') || !isInstalled('umoci')) return t.diagnostic('skopeo or umoci is not installed: not judged by them')
  const inspected = JSON.parse(execFileSync('skopeo', ['inspect', `oci:${layout}:1.0`], { encoding: 'utf8' })) as {
    Digest: string
    Layers: string[]
  }
  assert.deepEqual([inspected.Digest, inspected.Layers], [packed.manifestDigest, [packed.layer.digest]])
  execFileSync('umoci', ['unpack', '--image', `${layout}:1.0`, join(directory, 'bundle')], { stdio: 'pipe' })
  assert.deepEqual(withoutDirectoryTimes(describeTree(join(directory, 'bundle/rootfs'))), withoutDirectoryTimes(describeTree(rootfs)))
})

test('a second image goes into the same layout, and one with the same tag takes its place', async (t) => {
  const { directory, rootfs } = await makeRootfs(t)
  const layout = join(directory, 'oci')
  const platform = { os: 'linux', architecture: 'amd64' }
  await packOci(layout, { rootfs, manifest, tag: 'a' })
  await packOci(layout, { rootfs, manifest, tag: 'b' })
  writeFileSync(join(rootfs, 'more'), 'x')
  const { manifestDigest } = await packOci(layout, { rootfs, manifest, tag: 'a' })
  assert.equal((await readImage(openOciLayout(openContentDirectory(layout), 'a'), platform)).manifestDigest, manifestDigest)
  assert.notEqual((await readImage(openOciLayout(openContentDirectory(layout), 'b'), platform)).manifestDigest, manifestDigest)
})

test('sockets are left out and told', async (t) => {
  const { directory, rootfs } = await makeRootfs(t)
  const server = createServer().listen(join(rootfs, 'socket'))
  await new Promise((resolve) => server.once('listening', resolve))
  const skipped: string[] = []
  await packAci(join(directory, 'x'), { rootfs, manifest, onSkipped: (path, why) => skipped.push(`${path}: ${why}`) })
  server.close()
  assert.deepEqual(skipped, ['socket: it is a socket'])
})

test('what is refused leaves nothing, and what was there before', async (t) => {
  const { directory, rootfs } = await makeRootfs(t)
  const file = join(directory, 'x.aci')
  writeFileSync(file, 'before')
  await assert.rejects(packAci(file, { rootfs, manifest: '{}' }), hasCode('IMAGE_MANIFEST_INVALID'))
  await assert.rejects(packAci(file, { rootfs: join(directory, 'none'), manifest }), hasCode('PACK_FAILED'))
  await assert.rejects(packAci(join(directory, 'no/x.aci'), { rootfs, manifest }), hasCode('SYSCALL_FAILED'))
  assert.equal(readFileSync(file, 'utf8'), 'before')
  mkdirSync(join(directory, 'full/sub'), { recursive: true })
  await assert.rejects(packOci(join(directory, 'full'), { rootfs, manifest }), hasCode('PACK_FAILED', /not empty/))
  assert.deepEqual(readdirSync(directory).sort(), ['full', 'rootfs', 'x.aci'])
  assert.equal(existsSync(join(directory, 'full/blobs')), false)
})

test('packing and inspecting agree on the image ID', async (t) => {
  const { directory, rootfs } = await makeRootfs(t)
  const packed = await packAci(join(directory, 'x'), { rootfs, manifest })
  const inspected = await inspectAci(join(directory, 'x'))
  assert.deepEqual([inspected.imageId, inspected.digest, inspected.diffId], [packed.imageId, packed.digest, packed.diffId])
  assert.equal(gunzipSync(readFileSync(join(directory, 'x'))).length % 512, 0)
})

function withoutDirectoryTimes(text: string): string[] {
  return text.split('\n').map((line) => {
    const [path, mode, owner, ...rest] = line.split(' ')
    return mode?.startsWith('4') === true && mode.length === 5
      ? [path, mode, owner, ...rest.filter((word) => word.includes('='))].join(' ')
      : line
  })
}

function isInstalled(program: string): boolean {
  try {
    execFileSync(program, ['--version'], { stdio: 'pipe' })
    return true
  } catch {
    return false
  }
}
