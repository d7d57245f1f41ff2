import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { execa } from 'execa'
import { readGuide, runCommands } from '../fixtures/guide.ts'
import { withoutRegistry } from '../fixtures/registry.ts'
import { onMachine } from '../fixtures/signing-machine.ts'
import { runRkt } from '../program/rkt.ts'
import { repository } from '../set-up/checkout.ts'
import { story, tellStories } from '../program/story.ts'

const stage = tellStories()
const withoutGpg: false | string = existsSync('/usr/bin/gpg') ? withoutRegistry : 'gpg is not installed'
story('every command of the guide does what the guide says', () => onMachine(stage, async ({ etc, registry, env, push, cosign }) => {
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
  assert.ok(steps.filter(({ kind }) => kind === 'file').length === 1 && steps.length > 6, 'the guide was read')
  for (const step of steps) {
    if (step.kind === 'file') {
      mkdirSync(dirname(step.path), { recursive: true })
      writeFileSync(step.path, step.text)
    } else assert.equal(runCommands(step.commands, { cwd, env }), undefined)
  }
}), withoutGpg)

story('a signed image runs, and its evidence holds when the registry is gone, until somebody touches it', () => onMachine(stage, async (machine) => {
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

story('rkt trust asks at a terminal, and takes yes and no only', () => onMachine(stage, async ({ etc, env }) => {
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
