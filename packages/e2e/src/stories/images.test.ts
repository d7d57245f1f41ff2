import assert from 'node:assert/strict'
import { copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { makeHome, textOf } from '../program/home.ts'
import { story, tellStories } from '../program/story.ts'

const stage = tellStories()
const unsigned = '--insecure-options=image'

async function fetch(...words: string[]): Promise<string[]> {
  const { exitCode, stdout, stderr } = await stage.home.rkt(['fetch', unsigned, ...words])
  assert.equal(exitCode, 0, stderr)
  return stdout.trimEnd().split('\n')
}

story('fetch prints the IDs of images in the order in which they were named', async () => {
  const { images } = stage
  const ids = await fetch(images.exits, images.busybox)
  assert.equal(ids.length, 2)
  for (const id of ids) assert.match(id, /^sha512-[0-9a-f]{32}$/)
  assert.deepEqual(await fetch(images.busybox, images.exits), ids.toReversed())
  const [full = ''] = await fetch('--full', images.exits)
  assert.match(full, /^sha512-[0-9a-f]{64}$/)
  assert.ok(full.startsWith(ids[0] ?? 'none'))
})

story('a file is found by a name without a path, in the current directory', async () => {
  const { home, images } = stage
  copyFileSync(images.busybox, home.file('here.aci'))
  const [id] = await fetch('here.aci')
  assert.deepEqual(await fetch('./here.aci'), [id])
})

story('an OCI layout is fetched, and run by its ID', async () => {
  const { home, images } = stage
  const [id = ''] = await fetch(`oci:${images.layout}`)
  assert.match(id, /^sha512-[0-9a-f]{32}$/)
  const ended = await home.rkt(['run', '--net=none', unsigned, id, '--exec=/bin/echo', '--', 'from a layout'])
  assert.deepEqual([ended.exitCode, ended.stdout], [0, 'from a layout\n'], ended.stderr)
})

story('an image is run by its name, and by an abbreviated ID', async () => {
  const { home, images } = stage
  const [id = ''] = await fetch(images.busybox)
  for (const name of ['example.com/busybox:1.0.0', 'example.com/busybox', id, id.slice(0, 15)]) {
    const ended = await home.rkt(['run', '--net=none', '--pull-policy=never', unsigned, name])
    assert.deepEqual([ended.exitCode, ended.stdout], [0, 'hello\n'], `${name}: ${ended.stderr}`)
  }
})

story('image list prints what was asked for, sorted as asked', async () => {
  const { home, images } = stage
  await fetch(images.busybox, images.exits, images.data)
  const names = (await home.rkt(['image', 'list', '--fields=name', '--no-legend', '--sort=name'])).stdout.trimEnd().split('\n')
  assert.deepEqual(names.filter((name) => name.endsWith(':1.0.0')), names)
  assert.deepEqual(names, names.toSorted())
  const down = (await home.rkt([
    'image', 'list', '--fields=name', '--no-legend', '--sort=name', '--order=desc',
  ])).stdout.trimEnd().split('\n')
  assert.deepEqual(down, names.toReversed())
  assert.match((await home.rkt(['image', 'list'])).stdout, /^ID\s+NAME\s+SIZE\s+IMPORT TIME\s+LAST USED$/m)
  const { stdout } = await home.rkt(['image', 'list', '--format=json'])
  const listed = JSON.parse(stdout) as { id: string; name: string; size: number; import_time: number }[]
  const one = listed.find(({ name }) => name === 'example.com/busybox:1.0.0')
  assert.ok(
    one !== undefined && /^sha512-[0-9a-f]{64}$/.test(one.id) && one.size > 1_000_000 && one.import_time > 1e18, JSON.stringify(listed),
  )
})

story('a damaged entry of one image is named, and does not hide the others from image list', async () => {
  const { home, images } = stage
  const [id = ''] = await fetch('--full', images.busybox, images.exits)
  const entries = join(home.data, 'cas/refs/names')
  const entry = readdirSync(entries).find((name) => name.endsWith(`-${id.slice('sha512-'.length)}.json`)) ?? assert.fail('no entry')
  writeFileSync(join(entries, entry), 'not json')
  const { exitCode, stdout, stderr } = await home.rkt(['image', 'list', '--fields=name', '--no-legend'])
  assert.equal(exitCode, 0)
  assert.match(stdout, /^example\.com\/exits/m)
  assert.doesNotMatch(stdout, /busybox/)
  const told = `^list: ${entries}/${entry} is not JSON.* \\[DOCUMENT_INVALID\\]\n {2}try: .*rkt image rm ${id}`
  assert.match(stderr, new RegExp(told))
  assert.equal((await home.rkt(['image', 'rm', id])).exitCode, 0)
  const again = await home.rkt(['fetch', unsigned, '--full', images.busybox])
  assert.deepEqual([again.exitCode, again.stdout], [0, `${id}\n`], again.stderr)
  assert.match((await home.rkt(['image', 'list'])).stdout, /busybox/)
})

story('image cat-manifest prints the manifest that the image was built with', async () => {
  const { home, images } = stage
  await fetch(images.busybox)
  const { stdout } = await home.rkt(['image', 'cat-manifest', 'example.com/busybox'])
  assert.deepEqual(JSON.parse(stdout), JSON.parse(textOf(join(dirname(images.busybox), 'busybox.json'))))
})

story('image rm takes an image away; one that is not there is told and does not fail', async () => {
  const { home, images } = stage
  const [id = ''] = await fetch('--full', images.guest)
  const removed = await home.rkt(['image', 'rm', id.slice(0, 20), 'example.com/never-seen'])
  assert.equal(removed.exitCode, 0)
  assert.equal(removed.stdout, `successfully removed aci for image: "${id}"\n`)
  assert.match(removed.stderr, /rm: 1 image\(s\) successfully removed\n$/)
  assert.doesNotMatch((await home.rkt(['image', 'list'])).stdout, /guest/)
  const { exitCode, stderr } = await home.rkt(['run', '--net=none', '--pull-policy=never', 'example.com/guest'])
  assert.equal(exitCode, 254)
  assert.match(stderr, /IMAGE_NOT_FOUND/)
})

story('the bytes of an image are gone when its last user is', async () => {
  const { home, images } = stage
  const other = makeHome()
  try {
    await other.rkt(['fetch', unsigned, images.busybox])
    await other.rkt(['run', '--net=none', unsigned, 'example.com/busybox'])
    await other.rkt(['image', 'rm', 'example.com/busybox'])
    await other.rkt(['gc', '--grace-period=0s'])
    const { names } = await import('../program/home.ts')
    for (const directory of ['images', 'layers', 'refs/names', 'refs/pods', 'evidence', 'ingest']) {
      assert.deepEqual(names(join(other.data, 'cas', directory)), [], directory)
    }
  } finally {
    other.remove()
  }
  assert.notEqual(home.data, other.data)
})

story('an unsigned image is refused unless that was allowed', async () => {
  const { home, images } = stage
  const { exitCode, stderr } = await home.rkt(['fetch', images.foreign])
  assert.equal(exitCode, 254)
  assert.match(stderr, /SIGNATURE_REQUIRED/)
  assert.match(stderr, /try: /)
})

story('image build makes the same bytes of the same input, in both formats', async () => {
  const { home } = stage
  const rootfs = home.file('rootfs')
  mkdirSync(join(rootfs, 'bin'), { recursive: true })
  writeFileSync(join(rootfs, 'bin/tool'), '#!/bin/sh\n', { mode: 0o755 })
  const manifest = {
    acKind: 'ImageManifest', acVersion: '0.8.11', name: 'example.com/built',
    labels: [{ name: 'os', value: 'linux' }, { name: 'arch', value: 'amd64' }],
  }
  writeFileSync(home.file('manifest.json'), JSON.stringify(manifest))
  const build = async (...flags: string[]): Promise<number | undefined> => (await home.rkt([
    'image', 'build', '--rootfs=rootfs', '--manifest=manifest.json', ...flags,
  ])).exitCode
  assert.deepEqual([await build('-o', 'one.aci'), await build('--output=two.aci')], [0, 0])
  assert.ok(readFileSync(home.file('one.aci')).equals(readFileSync(home.file('two.aci'))))
  assert.equal(await build('-o', 'one.aci'), 254, 'nothing is overwritten unasked')
  assert.equal(await build('-o', 'one.aci', '--overwrite'), 0)
  assert.deepEqual([await build('--oci=first'), await build('--oci=second')], [0, 0])
  assert.equal(textOf(home.file('first/index.json')), textOf(home.file('second/index.json')))
})
