import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { appendFileSync, cpSync, existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { makeHome, startPod, textOf } from '../program/home.ts'
import type { Ended } from '../program/rkt.ts'
import { plain, story, tellStories } from '../program/story.ts'

const stage = tellStories()
const unsigned = '--insecure-options=image'

async function fetch(...words: string[]): Promise<string[]> {
  return (await ok('fetch', unsigned, '--full', ...words)).stdout.trimEnd().split('\n')
}

/** A command that must succeed. */
async function ok(...words: string[]): Promise<Ended> {
  const ended = await stage.home.rkt(words)
  assert.equal(ended.exitCode, 0, `${words.join(' ')}: ${ended.stderr}${ended.stdout}`)
  return ended
}

async function json<T>(...words: string[]): Promise<T> {
  return JSON.parse((await ok(...words, '--format=json')).stdout) as T
}

const cas = (...parts: string[]): string => join(stage.home.data, 'cas', ...parts)

/** Every file of a tree with its type, mode, owner, target and bytes. */
function tree(directory: string): string[] {
  return readdirSync(directory, { recursive: true, encoding: 'utf8' }).sort().map((name) => {
    const path = join(directory, name)
    const stat = lstatSync(path)
    const content = stat.isFile() ? readFileSync(path).toString('base64') : stat.isSymbolicLink() ? execFileSync('readlink', [path], { encoding: 'utf8' }) : ''
    return `${name} ${stat.mode.toString(8)} ${stat.uid}:${stat.gid} ${content}`
  })
}

story('image export writes the bytes that were fetched, uncompressed, and never over a file unasked', async () => {
  const { home, images } = stage
  const [id] = await fetch(images.busybox)
  await ok('image', 'export', 'example.com/busybox', 'out.aci')
  assert.ok(readFileSync(home.file('out.aci')).equals(gunzipSync(readFileSync(images.busybox))))
  assert.equal(lstatSync(home.file('out.aci')).mode & 0o777, 0o644)
  const refused = await home.rkt(['image', 'export', 'example.com/busybox', 'out.aci'])
  assert.deepEqual([refused.exitCode, refused.stdout], [254, ''])
  assert.match(refused.stderr, /^export: output ACI file exists \(try --overwrite\)/)
  await ok('image', 'export', '--overwrite', id ?? '', 'out.aci')
  assert.deepEqual(await fetch('./out.aci'), [id])
})

story('an OCI image is exported as an ACI that runs, always with the same bytes', async () => {
  const { home, images } = stage
  const [id = ''] = await fetch(`oci:${images.layout}`)
  const told = await ok('image', 'export', id, 'oci.aci')
  await ok('image', 'export', id, 'again.aci')
  assert.ok(readFileSync(home.file('oci.aci')).equals(readFileSync(home.file('again.aci'))))
  const [rendered = ''] = await fetch('./oci.aci')
  assert.match(told.stderr, new RegExp(`^export: image ${id} was rendered as an ACI, whose ID is ${rendered}$`, 'm'))
  const ended = await home.rkt(['run', ...plain, rendered, '--exec=/bin/echo', '--', 'as an ACI'])
  assert.deepEqual([ended.exitCode, ended.stdout], [0, 'as an ACI\n'], ended.stderr)
})

for (const command of ['extract', 'render']) {
  story(`image ${command} writes manifest and rootfs, or the content of rootfs alone`, async () => {
    const { home, images } = stage
    await fetch(images.busybox, `oci:${images.layout}`)
    const original = tree(join(dirname(images.busybox), 'rootfs'))
    for (const [image, out] of [['example.com/busybox', `${command}-aci`], ['layout', `${command}-oci`]] as const) {
      await ok('image', command, image, out)
      assert.deepEqual(readdirSync(home.file(out)).sort(), ['manifest', 'rootfs'])
      assert.deepEqual(tree(join(home.file(out), 'rootfs')), original)
      assert.equal((JSON.parse(textOf(join(home.file(out), 'manifest'))) as { acKind: string }).acKind, 'ImageManifest')
      const refused = await home.rkt(['image', command, image, out])
      assert.equal(refused.exitCode, 254)
      assert.match(refused.stderr, new RegExp(`^${command}: output directory exists \\(try --overwrite\\)`))
      await ok('image', command, '--rootfs-only', '--overwrite', image, out)
      assert.deepEqual(tree(home.file(out)), original)
    }
    for (const precious of ['/', home.data, dirname(home.data)]) {
      const { exitCode, stderr } = await home.rkt(['image', command, '--overwrite', 'layout', precious])
      assert.equal(exitCode, 254)
      assert.match(stderr, /this would delete .*Refusing\./)
    }
    assert.ok(existsSync(cas('images')))
  })
}

story('image inspect and history tell what an image is and how it came', async () => {
  const { images } = stage
  const [id = ''] = await fetch(`oci:${images.layout}`)
  interface Inspected { id: string; sha256: string; names: string[]; platform: { os: string }; layers: { digest: string }[]; evidence: { verdict: string }[] }
  const image = await json<Inspected>('image', 'inspect', id)
  assert.deepEqual([image.id, image.names, image.platform.os, image.layers.length], [id, ['layout:1.0.0'], 'linux', 1])
  assert.match(image.sha256, /^sha256:[0-9a-f]{64}$/)
  assert.deepEqual(image.evidence.map(({ verdict }) => verdict), ['waived'])
  assert.match((await ok('image', 'inspect', id)).stdout, new RegExp(`^ID\\t+${id}\nDIGEST\\t+${image.sha256}\nNAME\\t+layout:1\\.0\\.0\n`))
  const steps = await json<{ layer?: { digest: string } }[]>('image', 'history', id)
  assert.deepEqual(steps.flatMap(({ layer }) => layer?.digest ?? []), [image.layers[0]?.digest])
  assert.match((await ok('image', 'history', id)).stdout, /^LAYER\t+CREATED\t+SIZE\t+CREATED BY\n/)
})

story('image diff names what was added, removed and changed, without unpacking', async () => {
  const { home, images } = stage
  const rootfs = home.file('changed')
  cpSync(join(dirname(images.busybox), 'rootfs'), rootfs, { recursive: true, verbatimSymlinks: true })
  writeFileSync(join(rootfs, 'new'), '')
  rmSync(join(rootfs, 'etc/group'))
  appendFileSync(join(rootfs, 'etc/passwd'), 'other:x:7:7::/:\n')
  const manifest = { acKind: 'ImageManifest', acVersion: '0.8.11', name: 'example.com/changed' }
  writeFileSync(home.file('changed.json'), JSON.stringify(manifest))
  await ok('image', 'build', '--rootfs=changed', '--manifest=changed.json', '-o', 'changed.aci')
  await fetch('./changed.aci', images.busybox, images.exits)
  const { stdout } = await ok('image', 'diff', 'example.com/busybox', 'example.com/changed')
  assert.match(stdout, /^D \/etc\/group\nC \/etc\/passwd size \d+ → \d+\nA \/new\n$/)
  const found = await json<{ kind: string; path: string }[]>('image', 'diff', 'example.com/busybox', 'example.com/changed')
  assert.deepEqual(found.map(({ kind, path }) => `${kind} ${path}`), ['removed /etc/group', 'changed /etc/passwd', 'added /new'])
  assert.equal((await ok('image', 'diff', 'example.com/busybox', 'example.com/exits')).stdout, '')
})

story('image du says what du says', async () => {
  const { images } = stage
  await fetch(images.busybox, images.exits, `oci:${images.layout}`)
  const sizes = await json<{ totalBytes: number; sharedBytes: number; unusedBytes: number; otherBytes: number; images: { ownBytes: number }[] }>('image', 'du')
  assert.equal(sizes.totalBytes, Number(execFileSync('du', ['-s', '-B1', cas()], { encoding: 'utf8' }).split('\t')[0]))
  const own = sizes.images.reduce((sum, { ownBytes }) => sum + ownBytes, 0)
  assert.equal(own + sizes.sharedBytes + sizes.unusedBytes + sizes.otherBytes, sizes.totalBytes)
  assert.match((await ok('image', 'du')).stdout, /^ID\t+OWN\t+SHARED\t+NAME\n/)
})

story('image gc removes images that nobody used for long, and no other', async () => {
  const { home, images } = stage
  const [used = '', old = '', fresh = ''] = await fetch(images.busybox, images.exits, images.guest)
  const { uuid, running } = await startPod(home, [...plain, images.busybox, '--exec=/bin/sleep', '--', '600'])
  const past = Date.now() / 1000 - 7 * 86_400
  for (const id of [used, old]) age(id, past)
  const plan = await json<{ kind: string; name: string; verdict: string; because: string[] }[]>('image', 'gc', '--explain')
  const verdict = (id: string): string | undefined => plan.find(({ name }) => name === id)?.verdict
  assert.deepEqual([verdict(used), verdict(old), verdict(fresh)], ['kept', 'removed', 'kept'])
  assert.ok(plan.every(({ because }) => because.length > 0))
  const { stdout, stderr } = await ok('image', 'gc')
  assert.equal(stdout, `successfully removed aci for image: "${old}"\n`)
  assert.match(stderr, /^gc: removed treestore "[a-z2-7]{26}"\ngc: 1 image\(s\) successfully removed\n$/)
  const left = (await ok('image', 'list', '--full', '--fields=id', '--no-legend')).stdout
  assert.ok(left.includes(used) && left.includes(fresh) && !left.includes(old))
  assert.equal((await ok('image', 'gc')).stdout, '')
  await ok('stop', '--force', uuid)
  await running.ended
})

/** As if the image had been fetched and used last at this time. */
function age(id: string, seconds: number): void {
  const file = readdirSync(cas('refs/names')).find((name) => name.startsWith('i-') && name.includes(id.slice('sha512-'.length))) ?? assert.fail(id)
  const path = cas('refs/names', file)
  const time = new Date(seconds * 1000).toISOString()
  writeFileSync(path, textOf(path).replace(/"(importedAt|lastUsedAt)": "[^"]*"/g, `"$1": "${time}"`))
  utimesSync(path, seconds, seconds)
  utimesSync(dirname(path), Date.now() / 1000, Date.now() / 1000)
}

story('a store is kept to the size that its configuration says, the least recently used image first', async () => {
  const { home, images } = stage
  const [first = '', second = ''] = await fetch(images.busybox, images.exits)
  age(first, Date.now() / 1000 - 3600)
  age(second, Date.now() / 1000 - 60)
  mkdirSync(home.file('etc/store.d'), { recursive: true })
  const { totalBytes, images: sizes } = await json<{ totalBytes: number; images: { imageId: string; ownBytes: number }[] }>('image', 'du')
  const limit = totalBytes - Math.floor((sizes.find(({ imageId }) => imageId === first)?.ownBytes ?? 0) / 2)
  writeFileSync(home.file('etc/store.d/limit.json'), JSON.stringify({ rktKind: 'store', rktVersion: 'v1', maxBytes: String(limit) }))
  await ok('--user-config=etc', 'gc')
  const left = (await ok('image', 'list', '--full', '--fields=id', '--no-legend')).stdout
  assert.ok(!left.includes(first) && left.includes(second))
  writeFileSync(home.file('etc/store.d/limit.json'), JSON.stringify({ rktKind: 'store', rktVersion: 'v1', maxBytes: 'much' }))
  const refused = await home.rkt(['--user-config=etc', 'gc'])
  assert.deepEqual([refused.exitCode, /maxBytes must be a string such as/.test(refused.stderr)], [254, true], refused.stderr)
})

story('gc --explain tells of every pod and every part of the store, and does nothing', async () => {
  const { home, images } = stage
  await ok('run', ...plain, images.busybox)
  const { uuid, running } = await startPod(home, [...plain, images.exits, '--exec=/bin/sleep', '--', '600'])
  await ok('image', 'rm', 'example.com/busybox')
  const before = execFileSync('find', [home.data], { encoding: 'utf8' })
  const plan = await json<{ kind: string; name: string; verdict: string; because: string[] }[]>('gc', '--explain', '--grace-period=0s')
  const pods = plan.filter(({ kind }) => kind === 'pod')
  assert.deepEqual(pods.find(({ name }) => name === uuid), { kind: 'pod', name: uuid, verdict: 'kept', because: ['running: somebody holds its lock'] })
  assert.ok(pods.some(({ name, verdict }) => name !== uuid && verdict === 'removed'))
  const trees = plan.filter(({ kind }) => kind === 'tree').map(({ verdict, because }) => `${verdict} ${because[0]}`)
  assert.ok(trees.some((line) => line === `kept name example.com/exits:1.0.0`), trees.join())
  assert.ok(trees.includes('removed no name and no pod leads to it'), trees.join())
  assert.match((await ok('gc', '--explain')).stdout, /^KIND\t+NAME\t+VERDICT\t+BECAUSE\n/)
  assert.equal(execFileSync('find', [home.data], { encoding: 'utf8' }), before)
  await ok('stop', '--force', uuid)
  await running.ended
})

story('store check finds a flipped bit, and mends it once no pod stands on it', async () => {
  const { home, images } = stage
  const [id = ''] = await fetch(images.busybox)
  assert.deepEqual(await json('store', 'check'), [])
  const { rootfs: [path = ''] } = JSON.parse(textOf(cas('images', `${id}.json`))) as { rootfs: string[] }
  const file = cas(path.slice('store:'.length), 'data/of-the-image')
  const { uuid, running } = await startPod(home, [...plain, images.busybox, '--exec=/bin/sleep', '--', '600'])
  writeFileSync(file, 'from the imagE\n')
  const found = await home.rkt(['store', 'check'])
  assert.equal(found.exitCode, 254)
  assert.match(found.stdout, /^FAULT\t+STATE\t+FILE\t+WHY\ntree-differs\t+in-use\t+layers\/\S+\t+"\/data\/of-the-image" has another time, content\n$/)
  assert.equal((await home.rkt(['store', 'check', '--repair'])).exitCode, 254)
  assert.equal(textOf(file), 'from the imagE\n')
  await ok('stop', '--force', uuid)
  await running.ended
  await ok('gc', '--grace-period=0s')
  assert.match((await ok('store', 'check', '--repair')).stderr, /^check: 1 fault\(s\) found, 1 mended\n$/)
  assert.equal(textOf(file), 'from the image\n')
  assert.equal((await ok('store', 'check')).stderr, 'check: 0 fault(s) found, 0 mended\n')
})

const platform = [{ name: 'os', value: 'linux' }, { name: 'arch', value: process.arch === 'arm64' ? 'aarch64' : 'amd64' }]

story('a rendered image is checked against what it was rendered from, which stays as long as it does', async () => {
  const { home, images } = stage
  mkdirSync(home.file('thin'), { recursive: true })
  writeFileSync(join(home.file('thin'), 'on-top'), 'of it\n')
  writeFileSync(home.file('thin.json'), JSON.stringify({
    acKind: 'ImageManifest', acVersion: '0.8.11', name: 'example.com/thin', labels: platform, dependencies: [{ imageName: 'example.com/busybox' }],
    app: { exec: ['/bin/cat', '/on-top', '/data/of-the-image'], user: '0', group: '0' },
  }))
  await ok('image', 'build', '--rootfs=thin', '--manifest=thin.json', '-o', 'thin.aci')
  const [base = ''] = await fetch(images.busybox)
  const [id = ''] = await fetch('--pull-policy=new', './thin.aci')
  assert.deepEqual(await json('store', 'check'), [])
  const { rootfs: [path = ''] } = JSON.parse(textOf(cas('images', `${id}.json`))) as { rootfs: string[] }
  await ok('image', 'rm', 'example.com/busybox')
  await ok('gc')
  const plan = await json<{ kind: string; name: string; because: string[] }[]>('gc', '--explain')
  assert.deepEqual(plan.find(({ kind, name }) => kind === 'image' && name === base)?.because, ['name example.com/thin', `image ${id}`])
  rmSync(cas(path.slice('store:'.length), 'on-top'))
  assert.match((await ok('store', 'check', '--repair')).stderr, /1 fault\(s\) found, 1 mended/)
  const ended = await home.rkt(['run', ...plain, '--pull-policy=never', id])
  assert.deepEqual([ended.exitCode, ended.stdout], [0, 'of it\nfrom the image\n'], ended.stderr)
  await ok('image', 'extract', '--rootfs-only', 'example.com/thin', 'thin-alone')
  assert.deepEqual(readdirSync(home.file('thin-alone')), ['on-top'])
  await ok('image', 'render', '--rootfs-only', 'example.com/thin', 'thin-whole')
  assert.equal(textOf(join(home.file('thin-whole'), 'data/of-the-image')), 'from the image\n')
})

story('an additional store is used where it lies: never written, never collected', async () => {
  const { home, images } = stage
  const other = makeHome()
  try {
    const id = (await other.rkt(['fetch', unsigned, '--full', images.server, `oci:${images.layout}`])).stdout.split('\n')[0] ?? ''
    await ok('image', 'rm', 'layout')
    mkdirSync(home.file('shared/store.d'), { recursive: true })
    const fields = { rktKind: 'store', rktVersion: 'v1', additional: [join(other.data, 'cas')] }
    writeFileSync(home.file('shared/store.d/additional.json'), JSON.stringify(fields))
    const before = state(other.data)
    const configured = '--user-config=shared'
    const refused = await home.rkt(['run', ...plain, '--pull-policy=never', 'example.com/server', '--exec=/bin/echo'])
    assert.equal(refused.exitCode, 254, 'nobody told of the other store')
    for (const [image, ...flags] of [['example.com/server'], ['layout', '--no-overlay'], [id, '--flavor=fly']] as const) {
      const net = flags[0] === '--flavor=fly' ? [] : ['--net=none']
      const ended = await home.rkt([
        configured, 'run', unsigned, ...net, ...flags, '--pull-policy=never', image, '--exec=/bin/cat', '--', '/data/of-the-image',
      ])
      assert.deepEqual([ended.exitCode, ended.stdout], [0, 'from the image\n'], `${image}: ${ended.stderr}`)
    }
    assert.match((await ok('image', 'list')).stdout, /example\.com\/server/)
    const { images: sizes } = await json<{ images: { imageId: string; ownBytes: number }[] }>('image', 'du')
    assert.ok((sizes.find(({ imageId }) => imageId === id)?.ownBytes ?? Infinity) < 100_000, 'its bytes are not here')
    assert.deepEqual(await json('store', 'check'), [])
    await ok('image', 'rm', id, 'layout')
    await ok(configured, 'gc', '--grace-period=0s')
    assert.equal(state(other.data), before)
    assert.equal((await other.rkt(['store', 'check'])).exitCode, 0)
  } finally {
    other.remove()
  }
})

/** Names, lengths and times of all there is, but for the locks that looking takes. */
function state(directory: string): string {
  return execFileSync('find', [directory, '-path', '*/locks', '-prune', '-o', '-printf', '%P %s %T@ %C@\\n'], { encoding: 'utf8' })
}

for (const [words, says] of [
  [['image', 'export', 'x', 'out.tar'], /^export: extension must be \.aci \(given \.tar\)/],
  [['image', 'export', 'example.com/none', 'x.aci'], /^export: cannot find aci satisfying name: "example\.com\/none" and labels: \[\]/],
  [['image', 'extract', 'example.com/none', 'x'], /^extract: cannot find aci satisfying name/],
  [['image', 'render', 'sha512-0', 'x'], /^render: image ID too short/],
  [['image', 'inspect', 'sha512-00ff'], /^inspect: no image IDs found/],
  [['image', 'history', 'sha1-00'], /^history: /],
  [['image', 'diff', 'example.com/none', 'example.com/none'], /^diff: cannot find aci/],
  [['image', 'du', 'example.com/none'], /^du: cannot find aci/],
  [['image', 'gc', '--max-bytes=much'], /^Error: invalid argument "much" for --max-bytes/],
  [['image', 'gc', '--grace-period=soon'], /^Error: invalid argument "soon" for --grace-period/],
  [['store', 'chekc'], /^Error: unknown command "chekc" for "rkt store"\n\nDid you mean this\?\n\tcheck\n/],
] as const) {
  story(`rkt ${words.join(' ')} exits with 254 and says what is wrong`, async () => {
    const { exitCode, stdout, stderr } = await stage.home.rkt(words)
    assert.deepEqual({ exitCode, stdout }, { exitCode: 254, stdout: '' })
    assert.match(stderr, says)
  })
}

for (const words of ['export x', 'export', 'extract x', 'render x y z', 'inspect', 'history x y', 'diff x', 'gc x']) {
  story(`rkt image ${words} with the wrong number of words prints its usage on standard output and exits with 254`, async () => {
    const { exitCode, stdout, stderr } = await stage.home.rkt(['image', ...words.split(' ')])
    assert.deepEqual({ exitCode, stderr }, { exitCode: 254, stderr: '' })
    assert.match(stdout, /^NAME:\n\trkt image /)
  })
}
