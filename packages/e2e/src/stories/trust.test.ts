import assert from 'node:assert/strict'
import { createHash, generateKeyPairSync, sign, type KeyObject } from 'node:crypto'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { execa } from 'execa'
import { readGuide, runCommands } from '../fixtures/guide.ts'
import { startRegistry, withoutRegistry, type Registry } from '../fixtures/registry.ts'
import { program, runRkt } from '../program/rkt.ts'
import { repository } from '../set-up/checkout.ts'
import { story, tellStories } from '../program/story.ts'

const stage = tellStories()
const withoutGpg: false | string = existsSync('/usr/bin/gpg') ? withoutRegistry : 'gpg is not installed'
const manifestType = 'application/vnd.oci.image.manifest.v1+json'

/** A machine with a configuration of its own, and a registry that its policy speaks about. */
interface Machine {
  etc: string
  registry: Registry
  privateKey: KeyObject
  env: Record<string, string>
  rkt(...words: string[]): ReturnType<typeof runRkt>
  /** Puts the image of the stories there, with a tag. */
  push(name: string): Promise<string>
  /** As `cosign sign --key`: an image of signatures under a tag made of the digest. */
  cosign(name: string, digest: string, key?: KeyObject): Promise<void>
}

async function onMachine(work: (machine: Machine) => Promise<void>): Promise<void> {
  const { home, images } = stage
  const directory = mkdtempSync(join(home.directory, 'machine-'))
  const etc = join(directory, 'etc')
  const registry = await startRegistry(directory)
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
  const put = (path: string, text: string): void => {
    mkdirSync(dirname(join(etc, path)), { recursive: true })
    writeFileSync(join(etc, path), text)
  }
  put('cosign/team.pub', publicKey.export({ type: 'spki', format: 'pem' }) as string)
  put('registries.d/test.json', JSON.stringify({ rktVersion: 'v1', rktKind: 'registries', registries: [{ registry: registry.host, http: true }] }))
  const flags = [`--dir=${join(directory, 'data')}`, `--local-config=${etc}`, `--system-config=${join(directory, 'usr')}`]
  const gpg = mkdtempSync(join(tmpdir(), 'rkt-e2e-gpg-'))
  chmodSync(gpg, 0o700)
  const programs = join(directory, 'bin')
  mkdirSync(programs)
  for (const [name, line] of [['rkt', `${program} ${flags.join(' ')} "$@"`], ['skopeo', '/usr/bin/skopeo "$@" --tls-verify=false']] as const) {
    writeFileSync(join(programs, name), `#!/bin/sh\nexec ${line}\n`, { mode: 0o755 })
  }
  try {
    await work({
      etc, registry, privateKey, env: { PATH: `${programs}:${process.env['PATH'] ?? ''}`, GNUPGHOME: gpg, HOME: directory },
      rkt: (...words) => runRkt([...flags, ...words], { cwd: directory }),
      push: async (name) => {
        await execa('skopeo', ['copy', '--quiet', '--dest-tls-verify=false', `oci:${images.layout}`, `docker://${registry.host}/${name}`])
        return (await execa('skopeo', ['inspect', '--tls-verify=false', '--format', '{{.Digest}}', `docker://${registry.host}/${name}`])).stdout
      },
      cosign: (name, digest, key = privateKey) => putSignature(`http://${registry.host}/v2/${name}`, digest, key),
    })
  } finally {
    await registry.close()
    await execa('gpgconf', ['--homedir', gpg, '--kill', 'all'], { reject: false })
    rmSync(gpg, { recursive: true, force: true })
  }
}

/** Spec: sigstore/cosign, SIGNATURE_SPEC.md. */
async function putSignature(base: string, digest: string, key: KeyObject): Promise<void> {
  const payload = Buffer.from(JSON.stringify({
    critical: { identity: { 'docker-reference': '' }, image: { 'docker-manifest-digest': digest }, type: 'cosign container image signature' }, optional: null,
  }))
  const put = async (bytes: Buffer, mediaType: string): Promise<object> => {
    const { headers } = await fetch(`${base}/blobs/uploads/`, { method: 'POST' })
    const to = new URL(headers.get('location')!, base)
    const name = `sha256:${createHash('sha256').update(bytes).digest('hex')}`
    to.searchParams.set('digest', name)
    await fetch(to, { method: 'PUT', body: new Uint8Array(bytes), headers: { 'content-type': 'application/octet-stream' } })
    return { mediaType, digest: name, size: bytes.length }
  }
  const annotations = { 'dev.cosignproject.cosign/signature': sign('sha256', payload, key).toString('base64') }
  const layer = { ...await put(payload, 'application/vnd.dev.cosign.simplesigning.v1+json'), annotations }
  const config = await put(Buffer.from('{}'), 'application/vnd.oci.image.config.v1+json')
  const { status } = await fetch(`${base}/manifests/${digest.replace(':', '-')}.sig`, {
    method: 'PUT', headers: { 'content-type': manifestType },
    body: JSON.stringify({ schemaVersion: 2, mediaType: manifestType, config, layers: [layer] }),
  })
  assert.equal(status, 201)
}

story('every command of the guide does what the guide says', () => onMachine(async ({ etc, registry, env, push, cosign }) => {
  const { images } = stage
  const cwd = join(env['HOME']!, 'work')
  mkdirSync(cwd)
  writeFileSync(join(cwd, 'manifest.json'), JSON.stringify({
    acKind: 'ImageManifest', acVersion: '0.8.11', name: 'example.com/web',
    labels: [{ name: 'version', value: '1.0.0' }, { name: 'os', value: 'linux' }, { name: 'arch', value: process.arch === 'arm64' ? 'aarch64' : 'amd64' }],
    app: { exec: ['/bin/true'], user: '0', group: '0' },
  }))
  const built = await runRkt(['image', 'build', `--rootfs=${join(dirname(images.busybox), 'rootfs')}`, '--manifest=manifest.json', '--output=web.aci'], { cwd })
  assert.equal(built.exitCode, 0, built.stderr)
  await cosign('team/web', await push('team/web:1'))
  const here = (text: string): string => text.replaceAll('/etc/rkt', etc).replaceAll('registry.example.com', registry.host)
  const steps = readGuide(here(readFileSync(join(repository, 'docs/signing.md'), 'utf8')))
  assert.ok(steps.filter(({ kind }) => kind === 'file').length === 2 && steps.length > 6, 'the guide was read')
  for (const step of steps) {
    if (step.kind === 'file') {
      mkdirSync(dirname(step.path), { recursive: true })
      writeFileSync(step.path, step.text)
    } else assert.equal(runCommands(step.commands, { cwd, env }), undefined)
  }
}), withoutGpg)

story('a signed image runs, and its evidence holds when the registry is gone, until somebody touches it', () => onMachine(async (machine) => {
  const { etc, registry, privateKey, rkt, push, cosign } = machine
  const image = `docker://${registry.host}/team/web:1`
  const digest = await push('team/web:1')
  const unsigned = await rkt('run', '--net=none', image)
  assert.deepEqual([unsigned.exitCode, /no key is trusted for it \[SIGNATURE_REQUIRED\]/.test(unsigned.stderr)], [254, true], unsigned.stderr)

  mkdirSync(join(etc, 'policy.d'))
  writeFileSync(join(etc, 'policy.d/team.json'), JSON.stringify({
    rktVersion: 'v1', rktKind: 'imagePolicy', rules: [{ prefix: `${registry.host}/team`, require: [{ kind: 'sigstoreKey', key: join(etc, 'cosign/team.pub') }] }],
  }))
  await cosign('team/web', digest, generateKeyPairSync('ec', { namedCurve: 'prime256v1' }).privateKey)
  const foreign = await rkt('fetch', image)
  assert.match(foreign.stderr, /signature verification failed.*\[SIGNATURE_INVALID\]/)
  await cosign('team/web', `sha256:${'0'.repeat(64)}`)
  await cosign('team/web', digest, privateKey)
  const ran = await rkt('run', '--net=none', image, '--exec=/bin/echo', '--', 'signed')
  assert.deepEqual([ran.exitCode, ran.stdout], [0, 'signed\n'], ran.stderr)
  await registry.close()

  const [listed] = JSON.parse((await rkt('list', '--format=json')).stdout) as { id?: string; name?: string; uuid?: string }[]
  const uuid = listed!.name ?? listed!.id ?? listed!.uuid ?? ''
  const traced = await rkt('trace', uuid)
  assert.equal(traced.exitCode, 0, traced.stderr)
  assert.match(traced.stdout, /^docker:\/\/.*sigstoreKey.*holds$/m)
  const id = /sha512-[0-9a-f]{64}/.exec((await rkt('image', 'list', '--full')).stdout)![0]
  const again = await rkt('image', 'verify', id)
  assert.deepEqual([again.exitCode, /^signature verified again: [0-9a-f]{64} \(sigstoreKey, first on /m.test(again.stdout)], [0, true], again.stdout)

  const directory = join(dirname(etc), 'data/cas/evidence', id)
  const file = join(directory, readdirSync(directory).at(-1)!)
  const evidence = JSON.parse(readFileSync(file, 'utf8')) as { key: string }
  const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
  writeFileSync(file, JSON.stringify({ ...evidence, key: Buffer.from(publicKey.export({ type: 'spki', format: 'pem' })).toString('base64') }))
  const touched = await rkt('image', 'verify', id)
  assert.deepEqual([touched.exitCode, /signature does not hold: .*signature verification failed/.test(touched.stdout)], [254, true], touched.stdout)
  const tracedAgain = await rkt('trace', uuid)
  assert.match(tracedAgain.stderr, /the verification of docker:\/\/.* does not hold/)
  assert.equal(tracedAgain.exitCode, 254)
  assert.equal((await rkt('rm', uuid)).exitCode, 0)
}), withoutGpg)

story('rkt trust asks at a terminal, and takes yes and no only', () => onMachine(async ({ etc, env }) => {
  const cwd = env['HOME']!
  const key = join(cwd, 'team.asc')
  await execa('gpg', ['--batch', '--passphrase', '', '--quick-generate-key', 'Team <team@example.com>', 'ed25519', 'sign', 'never'], { env })
  writeFileSync(key, (await execa('gpg', ['--armor', '--export'], { env })).stdout)
  const ask = async (answers: string): Promise<string> => (
    await execa('script', ['--quiet', '--return', '--command', `rkt trust --prefix=example.com ${key}`, '/dev/null'], { env, cwd, input: answers })
  ).stdout.replaceAll('\r', '')
  assert.match(await ask('maybe\nno\n'), /Are you sure you want to trust this key \(yes\/no\)\?[^]*Please enter 'yes' or 'no'[^]*not trusting/)
  assert.equal(existsSync(join(etc, 'trustedkeys')), false)
  assert.match(await ask('yes\n'), /gpg key fingerprint is: ([0-9A-F]{4} ){5} [0-9A-F][^]*Trusting .* after fingerprint review\./)
  assert.equal(readdirSync(join(etc, 'trustedkeys/prefix.d/example.com')).length, 1)
}), withoutGpg)
