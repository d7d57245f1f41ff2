import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { execa } from 'execa'
import { readGuide, runCommands } from '../fixtures/guide.ts'
import { startRegistry, withoutRegistry } from '../fixtures/registry.ts'
import { onMachine } from '../fixtures/signing-machine.ts'
import { program } from '../program/rkt.ts'
import { repository } from '../set-up/checkout.ts'
import { story, tellStories } from '../program/story.ts'

const stage = tellStories()
const fromHttp = '--insecure-options=image,http'

async function rkt(...words: string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await stage.home.rkt(words)
  assert.equal(exitCode, 0, stderr)
  return stdout.trim()
}

const sha256 = (bytes: string | Buffer): string => createHash('sha256').update(bytes).digest('hex')

/** The layout of the fixtures, tagged `1.0.0`, with a signature as cosign keeps it: under a tag made of the image's digest. */
function signedLayout(name: string): { layout: string; digest: string; signature: string; tag: string } {
  const layout = stage.home.file(name)
  cpSync(stage.images.layout, layout, { recursive: true })
  const index = JSON.parse(readFileSync(join(layout, 'index.json'), 'utf8')) as { manifests: { digest: string }[] }
  const add = (content: string, mediaType: string): { mediaType: string; digest: string; size: number } => {
    writeFileSync(join(layout, 'blobs/sha256', sha256(content)), content)
    return { mediaType, digest: `sha256:${sha256(content)}`, size: content.length }
  }
  const { digest } = index.manifests[0]!
  const tag = `${digest.replace(':', '-')}.sig`
  const manifestType = 'application/vnd.oci.image.manifest.v1+json'
  const signature = add(JSON.stringify({
    schemaVersion: 2, mediaType: manifestType, config: add('{}', 'application/vnd.oci.image.config.v1+json'),
    layers: [add('what was signed', 'application/vnd.dev.cosign.simplesigning.v1+json')],
  }), manifestType)
  index.manifests.push({ ...signature, annotations: { 'org.opencontainers.image.ref.name': tag } } as { digest: string })
  writeFileSync(join(layout, 'index.json'), JSON.stringify(index))
  return { layout, digest, signature: signature.digest, tag }
}

story('an image goes from a layout to a registry, into one file, and is run from there without a network', async () => {
  const { home } = stage
  const { layout, digest, signature, tag } = signedLayout('signed')
  const registry = await startRegistry(home.directory)
  try {
    const inRegistry = `docker://${registry.host}/air/gap:1`
    assert.equal(await rkt('image', 'copy', fromHttp, `oci:${layout}:1.0.0`, inRegistry), digest)
    const raw = await execa('skopeo', ['inspect', '--raw', '--tls-verify=false', `docker://${registry.host}/air/gap:${tag}`], { stripFinalNewline: false })
    assert.equal(`sha256:${sha256(raw.stdout)}`, signature)
    assert.equal(await rkt('image', 'copy', fromHttp, inRegistry, 'oci-archive:bundle.tar'), digest)
    const { stdout: entries } = await execa('tar', ['-tf', home.file('bundle.tar')])
    assert.ok(entries.includes(signature.replace(':', '/')), entries)
  } finally {
    await registry.close()
  }
  const alone = { through: ['unshare', '--net'] }
  const fetched = await home.rkt(['fetch', '--insecure-options=image', 'oci-archive:bundle.tar'], alone)
  assert.equal(fetched.exitCode, 0, fetched.stderr)
  const ended = await home.rkt(['run', '--net=none', '--insecure-options=image', 'oci-archive:bundle.tar', '--exec=/bin/echo', '--', 'from a file'], alone)
  assert.deepEqual([ended.exitCode, ended.stdout], [0, 'from a file\n'], ended.stderr)
}, withoutRegistry)

story('an image of the store is copied byte for byte, and the same copy is the same file', async () => {
  const { home, images } = stage
  const id = await rkt('fetch', '--insecure-options=image', `oci:${images.layout}`)
  const digest = await rkt('image', 'copy', id, 'oci-archive:one.tar:v1')
  await rkt('image', 'copy', id, 'oci-archive:two.tar:v1')
  assert.deepEqual(readFileSync(home.file('one.tar')), readFileSync(home.file('two.tar')))
  assert.ok(existsSync(join(images.layout, 'blobs', digest.replace(':', '/'))))
  assert.match((await home.rkt(['image', 'copy', id, 'oci-archive:one.tar'])).stderr, /the file is there already \[PACK_FAILED\]/)
})

story('an archive of docker save is made, read by skopeo, and run; its name is of the archive, and of nothing else', async () => {
  const { home, images } = stage
  await rkt('image', 'copy', '--without-referrers', `oci:${images.layout}`, 'docker-archive:saved.tar:example.com/web:7')
  if (withoutRegistry === false) await execa('skopeo', ['inspect', `docker-archive:${home.file('saved.tar')}:example.com/web:7`])
  await rkt('fetch', '--insecure-options=image', 'docker-archive:saved.tar')
  const words = ['run', '--net=none', '--insecure-options=image', '--pull-policy=never']
  const ended = await home.rkt([...words, 'archive/saved/example.com/web:7', '--exec=/bin/echo', '--', 'saved'])
  assert.deepEqual([ended.exitCode, ended.stdout], [0, 'saved\n'], ended.stderr)
  assert.match((await home.rkt([...words, 'example.com/web:7'])).stderr, /IMAGE_NOT_FOUND/)
})

story('an ACI stays an ACI: it is copied nowhere, and the reason is said', async () => {
  const { home, images } = stage
  const id = await rkt('fetch', '--insecure-options=image', images.busybox)
  const { exitCode, stderr } = await home.rkt(['image', 'copy', id, 'oci:aci'])
  assert.deepEqual([exitCode, /it is an ACI, and stays one.*IMAGE_UNSUPPORTED/.test(stderr), existsSync(home.file('aci'))], [254, true, false], stderr)
})

story('a copy that is killed leaves nothing that looks finished, and the next one succeeds', async () => {
  const { home, images } = stage
  // A layer that takes a while.
  const root = home.file('large')
  await execa('sh', ['-c', `mkdir ${root} && head -c 60000000 /dev/urandom > ${root}/random`])
  const manifest = home.file('large.json')
  writeFileSync(manifest, readFileSync(join(images.busybox, '../busybox.json')))
  await rkt('image', 'build', `--rootfs=${root}`, `--manifest=${manifest}`, '--oci=big')
  let killed = 0
  for (let delay = 60; delay < 400; delay += 20) {
    const copying = home.start(['image', 'copy', 'oci:big', 'oci-archive:big.tar'], { ownGroup: true })
    await new Promise((resolve) => setTimeout(resolve, delay))
    const isThere = existsSync(home.file('big.tar'))
    try {
      process.kill(-copying.pid, 'SIGKILL')
    } catch { /* it has ended */ }
    const { signal } = await copying.ended
    if (signal === undefined || isThere) break
    killed += 1
    // Killed between the name and its end it may be there, but then it is whole.
    if (existsSync(home.file('big.tar'))) break
  }
  assert.ok(killed > 0, 'every copy was too quick to be killed')
  await rkt('image', 'copy', '--overwrite', 'oci:big', 'oci-archive:big.tar')
  assert.ok(statSync(home.file('big.tar')).size > 60_000_000)
  assert.deepEqual(readdirSync(home.file('')).filter((name) => name.startsWith('.new-')), [])
  await rkt('fetch', '--insecure-options=image', 'oci-archive:big.tar')
})

story('every command of the air-gap guide does what it says, on the other side without any network', () => onMachine(stage, async (machine) => {
  const { etc, registry, env, push, cosign } = machine
  const work = join(dirname(etc), 'work')
  const other = { etc: join(dirname(etc), 'other/etc'), bin: join(dirname(etc), 'other/bin'), data: join(dirname(etc), 'other/data') }
  for (const directory of [work, join(other.etc, 'cosign'), other.bin]) mkdirSync(directory, { recursive: true })
  cpSync(join(etc, 'cosign/team.pub'), join(other.etc, 'cosign/team.pub'))
  const flags = `--dir=${other.data} --local-config=${other.etc} --system-config=${join(other.etc, 'none')}`
  writeFileSync(join(other.bin, 'rkt'), `#!/bin/sh\nexec unshare --net ${program} ${flags} "$@"\n`, { mode: 0o755 })
  await cosign('team/web', await push('team/web:1'))
  const [here = '', there = ''] = readFileSync(join(repository, 'docs/air-gap.md'), 'utf8').replaceAll('registry.example.com', registry.host).split('## On the other side')
  for (const step of readGuide(here)) {
    assert.equal(step.kind === 'commands' ? runCommands(step.commands, { cwd: work, env }) : 'a file', undefined)
  }
  await registry.close()
  const steps = readGuide(there.replaceAll('/etc/rkt', other.etc))
  assert.deepEqual(steps.map(({ kind }) => kind), ['file', 'commands', 'commands'])
  for (const step of steps) {
    if (step.kind === 'file') {
      mkdirSync(dirname(step.path), { recursive: true })
      writeFileSync(step.path, step.text)
    } else assert.equal(runCommands(step.commands, { cwd: work, env: { ...env, PATH: `${other.bin}:${process.env['PATH'] ?? ''}` } }), undefined)
  }
}), withoutRegistry)
