import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { test } from 'node:test'
import type { ImageRecord } from '@rocket/contracts'
import { debianTar } from './testing/debian-tar.ts'
import { makeWorkshop, type Workshop } from './testing/fetch-in.ts'
import { makeLayout } from './testing/make-layout.ts'
import { registryMissing, startRegistry } from './testing/start-registry.ts'

const asRoot = process.geteuid?.() === 0 ? false : 'needs root'
const umociMissing = existsSync('/usr/bin/umoci') ? false : 'needs umoci, the judge: apt-get install umoci'

/** Names, types, modes, owners, sizes, link targets, link counts, times of all but directories, contents, attributes. */
const describe = `
  find . -type d -printf '%P %y %m %U:%G\\n' -o -printf '%P %y %m %U:%G %s %l %n %T@\\n' | LC_ALL=C sort
  find . -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum
  find . -print0 | LC_ALL=C sort -z | xargs -0 getfattr -h -d -m 'security.capability|user[.]' 2>/dev/null`

/** The rootfs as an app would see it: an overlay of its trees, in a mount namespace that ends with the command. */
function asMounted(workshop: Workshop, record: ImageRecord): string {
  const at = mkdtempSync(join(workshop.directory, 'at-'))
  const lower = record.rootfs.map((tree) => basename(tree)).reverse().join(':')
  const script = `cd "$1" && mount -t overlay -o "ro,lowerdir=$3" overlay "$2" && cd "$2" && ${describe}`
  return execFileSync(
    'unshare', ['-m', '--propagation', 'private', 'sh', '-c', script, 'sh', join(workshop.store.directory, 'layers'), at, lower],
    { maxBuffer: 1 << 28, encoding: 'latin1' },
  )
}

function asJudged(workshop: Workshop, layout: string): string {
  const bundle = join(workshop.directory, 'bundle')
  execFileSync('umoci', ['unpack', '--image', `${layout}:latest`, bundle], { stdio: 'pipe' })
  return execFileSync('sh', ['-c', `cd "$1" && ${describe}`, 'sh', join(bundle, 'rootfs')], { maxBuffer: 1 << 28, encoding: 'latin1' })
}

/** Layers above a merged /usr: one writes through `lib` and has no entries for parents, one deletes and brings attributes. */
function upperLayers(directory: string): Buffer[] {
  const [through, above] = [join(directory, 'through'), join(directory, 'above')]
  mkdirSync(join(through, 'lib/extra'), { recursive: true })
  mkdirSync(join(through, 'var/lib/app'), { recursive: true })
  writeFileSync(join(through, 'lib/extra/module'), 'module')
  writeFileSync(join(through, 'var/lib/app/data'), 'data')
  mkdirSync(join(above, 'usr/share'), { recursive: true })
  mkdirSync(join(above, 'opt/app'), { recursive: true })
  writeFileSync(join(above, 'usr/share/.wh.doc'), '')
  writeFileSync(join(above, 'opt/app/ping'), 'ping', { mode: 0o755 })
  execFileSync('setfattr', ['-n', 'security.capability', '-v', '0x0100000200f4ff000000000000000000ffff0000', join(above, 'opt/app/ping')])
  const pack = (from: string, ...names: string[]): Buffer => execFileSync(
    'tar', ['--numeric-owner', '--xattrs', '--xattrs-include=*', '-C', from, '-c', ...names], { maxBuffer: 1 << 28 },
  )
  return [pack(through, 'lib/extra/module', 'var/lib/app/data'), pack(above, 'usr/share/.wh.doc', 'opt/app/ping')]
}

test('a Debian with layers above it, from a registry, is the tree that umoci unpacks', {
  skip: asRoot || umociMissing || registryMissing,
}, async (t) => {
  const base = debianTar()
  if (typeof base === 'string') return t.skip(base)
  const workshop = makeWorkshop(t)
  const layers = [base, ...upperLayers(workshop.directory)]
  const gzip = makeLayout(join(workshop.directory, 'gzip'), layers)
  const zstd = makeLayout(join(workshop.directory, 'zstd'), layers, { compression: 'zstd' })
  const registry = await startRegistry(t, workshop.directory)
  registry.push(`oci:${gzip.directory}:latest`, 'debian')
  const [record] = await workshop.fetch([`docker://${registry.host}/debian`])
  assert.equal(record!.rootfs.length, 4, 'three layers, and on top the looks of the directories that two of them only mention')
  assert.notEqual(record!.rootfs[1], record!.layers[1]!.tree, 'the layer that writes through a link was unpacked on the chain')
  const mounted = asMounted(workshop, record!)
  assert.ok(mounted.includes('usr/lib/extra/module') && mounted.includes('security.capability') && !mounted.includes('usr/share/doc/'))
  const judged = asJudged(workshop, gzip.directory)
  assert.deepEqual(mounted.split('\n').filter((line, index) => line !== judged.split('\n')[index]).slice(0, 10), [])
  assert.equal(mounted.length, judged.length)
  // umoci does not read zstd: the same layers, so the same trees.
  const [again] = await workshop.fetch([`oci:${zstd.directory}`])
  assert.notEqual(again!.imageId, record!.imageId)
  assert.deepEqual(again!.rootfs, record!.rootfs)
})
