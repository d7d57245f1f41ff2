import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { cpSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { execa } from 'execa'
import { startNginx, withoutNginx, type Nginx } from '../fixtures/nginx.ts'
import { startRegistry, withoutRegistry, type Registry } from '../fixtures/registry.ts'
import { names, until } from '../program/home.ts'
import { story, tellStories } from '../program/story.ts'

const stage = tellStories()
const without = withoutRegistry === false ? withoutNginx : withoutRegistry
const unsigned = '--insecure-options=image'

interface World {
  registry: Registry
  nginx: Nginx
  /** A file below `/etc/rkt`. */
  configure(path: string, content: object | string): void
  /** With that configuration. */
  rkt(...words: string[]): Promise<{ exitCode: number | undefined; stdout: string; stderr: string }>
}

let serial = 0

/** docker-registry behind nginx, which speaks TLS and wants a password; `push` goes past it. */
async function withRegistry(tell: (world: World) => Promise<void>): Promise<void> {
  const { home, images } = stage
  const directory = join(home.directory, `registry-${serial++}`)
  mkdirSync(directory)
  const registry = await startRegistry(directory)
  const { stdout: hash } = await execa('openssl', ['passwd', '-apr1', 'topsecret'])
  writeFileSync(join(directory, 'users'), `someone:${hash}\n`)
  const nginx = await startNginx(join(directory, 'nginx'), `
    location / { proxy_pass http://${registry.host}; proxy_set_header Host $http_host; proxy_set_header X-Forwarded-Proto https;
      auth_basic ours; auth_basic_user_file ${join(directory, 'users')}; limit_rate 4m; }`)
  const etc = join(directory, 'etc')
  const configure = (path: string, content: object | string): void => {
    mkdirSync(dirname(join(etc, path)), { recursive: true })
    writeFileSync(join(etc, path), typeof content === 'string' ? content : JSON.stringify(content))
  }
  try {
    await execa('skopeo', ['copy', '--dest-tls-verify=false', `oci:${images.layout}:1.0.0`, `docker://${registry.host}/team/app:1`])
    configure(`certs.d/${nginx.host}/ca.crt`, readFileSync(nginx.authority, 'utf8'))
    await tell({ registry, nginx, configure, rkt: (...words) => home.rkt([`--local-config=${etc}`, ...words], { env: { HOME: join(directory, 'home') } }) })
  } finally {
    await nginx.close()
    await registry.close()
  }
}

function dockerAuth({ host }: Nginx): object {
  return { rktKind: 'dockerAuth', rktVersion: 'v1', registries: [host], credentials: { user: 'someone', password: 'topsecret' } }
}

story('an image of a registry with an authority of its own and a password is run', () => withRegistry(async ({ nginx, configure, rkt }) => {
  const reference = `docker://${nginx.host}/team/app:1`
  const refused = await rkt('run', '--net=none', unsigned, reference)
  assert.equal(refused.exitCode, 254)
  assert.match(refused.stderr, /no credentials are configured for this registry.*\[REGISTRY_UNAUTHORIZED\]\n {2}try: put them into a file of kind dockerAuth/s)
  configure('auth.d/registry.json', dockerAuth(nginx))
  const { exitCode, stdout, stderr } = await rkt('run', '--net=none', unsigned, reference, '--exec=/bin/echo', '--', 'from a registry')
  assert.deepEqual([exitCode, stdout], [0, 'from a registry\n'], stderr)
}), without)

story('what skopeo or docker logged in to is logged in to', () => withRegistry(async ({ nginx, rkt }) => {
  const home = join(dirname(dirname(nginx.authority)), 'home')
  mkdirSync(join(home, '.docker'), { recursive: true })
  await execa('skopeo', [
    'login', `--authfile=${join(home, '.docker/config.json')}`, '--tls-verify=false', '--username=someone', '--password-stdin', nginx.host,
  ], { input: 'topsecret' })
  const { exitCode, stderr } = await rkt('--debug', 'fetch', unsigned, `docker://${nginx.host}/team/app:1`)
  assert.equal(exitCode, 0, stderr)
  assert.doesNotMatch(stderr, /topsecret|c29tZW9uZTp0b3BzZWNyZXQ/)
}), without)

story('a name without a host is where the configuration says, and a mirror hands out what it has', () => withRegistry(async ({ registry, nginx, configure, rkt }) => {
  configure('auth.d/registry.json', dockerAuth(nginx))
  configure('registries.d/ours.json', {
    rktKind: 'registries', rktVersion: 'v1', aliases: { ours: `${nginx.host}/team/app` }, registries: [{ registry: registry.host, http: true }],
    mirrors: [{ prefix: nginx.host, mirrors: [{ location: '127.0.0.1:9/nobody' }, { location: registry.host }] }],
  })
  // A store of its own: this one has the image already.
  const data = `--dir=${stage.home.file('data-of-its-own')}`
  const { exitCode, stderr } = await rkt(data, '--debug', 'fetch', unsigned, 'docker://ours:1')
  assert.equal(exitCode, 0, stderr)
  assert.match(stderr, /the mirror 127\.0\.0\.1:9\/nobody\/team\/app is passed over/)
  assert.ok(nginx.log().every((line) => !line.includes('/blobs/')), 'layers came from the mirror')
  assert.equal((await rkt(data, 'fetch', unsigned, '--pull-policy=never', 'docker://ours:1')).exitCode, 0)
}), without)

story('fetch --platform takes the image of another machine', () => withRegistry(async ({ nginx, configure, rkt }) => {
  configure('auth.d/registry.json', dockerAuth(nginx))
  const { exitCode, stderr } = await rkt('fetch', unsigned, '--platform=linux/s390x', `docker://${nginx.host}/team/app:1`)
  assert.equal(exitCode, 254)
  assert.match(stderr, /does not exist for linux\/s390x: it exists for linux\/(amd64|arm64).*\[PLATFORM_NOT_FOUND\]/)
}), without)

story('a download that was killed goes on in the next command', async () => {
  const { home } = stage
  const directory = join(home.directory, 'static')
  const files = join(directory, 'files')
  mkdirSync(files, { recursive: true })
  const rootfs = join(directory, 'rootfs')
  mkdirSync(rootfs)
  writeFileSync(join(rootfs, 'noise'), randomBytes(24 << 20))
  const manifest = join(directory, 'manifest.json')
  writeFileSync(manifest, JSON.stringify({ acKind: 'ImageManifest', acVersion: '0.8.11', name: 'example.com/noise' }))
  const built = await home.rkt(['image', 'build', `--rootfs=${rootfs}`, `--manifest=${manifest}`, '-o', join(files, 'noise.aci')])
  assert.equal(built.exitCode, 0, built.stderr)
  const nginx = await startNginx(join(directory, 'nginx'), `location / { root ${files}; limit_rate 8m; }`)
  try {
    const etc = join(directory, 'etc')
    mkdirSync(join(etc, 'certs.d', nginx.host), { recursive: true })
    cpSync(nginx.authority, join(etc, 'certs.d', nginx.host, 'ca.crt'))
    const words = [`--local-config=${etc}`, 'fetch', unsigned, `https://${nginx.host}/noise.aci`]
    const partial = (): string | undefined => {
      const ingest = join(home.data, 'cas/ingest')
      return names(ingest).map((name) => join(ingest, name)).find((path) => path.endsWith('.partial') && statSync(path).size > 4 << 20)
    }
    const running = home.start(words)
    await until('some of it is there', partial)
    process.kill(running.pid, 'SIGKILL')
    await running.ended
    const { exitCode, stdout, stderr } = await home.rkt(words)
    assert.equal(exitCode, 0, stderr)
    assert.match(nginx.log().at(-1)!, /^GET \/noise\.aci 206 bytes=\d{7,8}-$/)
    assert.equal((await home.rkt(['fetch', unsigned, join(files, 'noise.aci')])).stdout, stdout)
    assert.equal(partial(), undefined)
  } finally {
    await nginx.close()
  }
}, withoutNginx)
