import assert from 'node:assert/strict'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { execa } from 'execa'
import { makeProgramRootfs } from '../fixtures/debian-program.ts'
import { startRegistry, withoutRegistry, type Registry } from '../fixtures/registry.ts'
import { startPod, until } from '../program/home.ts'
import { answerOf } from '../program/answer-of.ts'
import { freePort } from '../program/free-port.ts'
import { story, tellStories } from '../program/story.ts'

const stage = tellStories()
const unsigned = '--insecure-options=image'
const fromHttp = '--insecure-options=image,http'

async function built(name: string, app: object, make: (rootfs: string) => Promise<void>): Promise<string> {
  const { home } = stage
  const [rootfs, manifest, image] = [home.file(`${name}-root`), home.file(`${name}.json`), home.file(`${name}.aci`)]
  await make(rootfs)
  const arch = process.arch === 'arm64' ? 'aarch64' : 'amd64'
  const labels = [{ name: 'os', value: 'linux' }, { name: 'arch', value: arch }]
  writeFileSync(manifest, JSON.stringify({ acKind: 'ImageManifest', acVersion: '0.8.11', name: `example.com/${name}`, labels, app }))
  const { exitCode, stderr } = await home.rkt(['image', 'build', `--rootfs=${rootfs}`, `--manifest=${manifest}`, '-o', image])
  assert.equal(exitCode, 0, stderr)
  return image
}

const lacks = (path: string): false | string =>
  [path, '/usr/lib/cni/ptp'].every((one) => existsSync(one)) ? false : `${path} or the CNI plugins are not installed`

story('Debian\'s redis answers on a published port, keeps what it is told, and stops in order', async () => {
  const { home } = stage
  const image = await built('redis', {
    exec: ['/usr/bin/redis-server', '--bind', '0.0.0.0', '--protected-mode', 'no', '--dir', '/data'], user: '0', group: '0',
    ports: [{ name: 'redis', protocol: 'tcp', port: 6379 }], mountPoints: [{ name: 'data', path: '/data' }],
  }, (rootfs) => makeProgramRootfs(rootfs, '/usr/bin/redis-server'))
  mkdirSync(home.file('redis-data'))
  const port = await freePort()
  const words = [unsigned, `--port=redis:${port}`, `--volume=data,kind=host,source=${home.file('redis-data')}`, image]
  const first = await startPod(home, words)
  assert.equal(await until('an answer', () => answerOf('127.0.0.1', port, 'SET greeting hello\r\nQUIT\r\n')), '+OK\r\n+OK\r\n')
  await home.rkt(['stop', first.uuid])
  assert.equal((await first.running.ended).exitCode, 0)
  const second = await startPod(home, words)
  assert.equal(await until('an answer', () => answerOf('127.0.0.1', port, 'GET greeting\r\nQUIT\r\n')), '$5\r\nhello\r\n+OK\r\n')
  await home.rkt(['stop', second.uuid])
  await second.running.ended
}, lacks('/usr/bin/redis-server'))

story('Debian\'s nginx serves a directory of the host with several processes', async () => {
  const { home } = stage
  const image = await built('nginx', {
    exec: ['/usr/sbin/nginx', '-c', '/nginx.conf', '-e', '/tmp/error.log'], user: '0', group: '0',
    ports: [{ name: 'http', protocol: 'tcp', port: 80 }], mountPoints: [{ name: 'pages', path: '/pages', readOnly: true }],
  }, async (rootfs) => {
    await makeProgramRootfs(rootfs, '/usr/sbin/nginx')
    writeFileSync(join(rootfs, 'nginx.conf'), `daemon off; error_log /tmp/error.log; user www-data; worker_processes 3; pid /run/nginx.pid;
      events {} http { access_log off; server { listen 80; root /pages; } }`)
  })
  mkdirSync(home.file('pages'))
  writeFileSync(home.file('pages/index.html'), 'a page of the host\n')
  const port = await freePort()
  const { uuid, running } = await startPod(
    home, [unsigned, `--port=http:${port}`, `--volume=pages,kind=host,source=${home.file('pages')}`, image],
  )
  const page = await until('a page', () => fetch(`http://127.0.0.1:${port}/`).then((answer) => answer.text()).catch(() => undefined))
  assert.equal(page, 'a page of the host\n', running.said().stderr)
  await home.rkt(['stop', uuid])
  assert.equal((await running.ended).exitCode, 0)
}, lacks('/usr/sbin/nginx'))

story('an image goes to a registry with skopeo, and is fetched and run from there, by tag and by digest', async () => {
  const { home, images } = stage
  const registry: Registry = await startRegistry(home.directory)
  try {
    const name = `docker://${registry.host}/some/busybox:1`
    await execa('skopeo', ['copy', '--quiet', '--dest-tls-verify=false', `oci:${images.layout}:1.0.0`, name])
    const ended = await home.rkt(['run', fromHttp, '--net=none', name, '--exec=/bin/echo', '--', 'from a registry'])
    assert.deepEqual([ended.exitCode, ended.stdout], [0, 'from a registry\n'], ended.stderr)
    const { stdout } = await execa('skopeo', ['inspect', '--tls-verify=false', '--format={{.Digest}}', name])
    const byDigest = await home.rkt(['fetch', '--full', fromHttp, `docker://${registry.host}/some/busybox@${stdout}`])
    const byTag = await home.rkt(['fetch', '--full', fromHttp, name])
    assert.equal(byDigest.exitCode, 0, byDigest.stderr)
    assert.equal(byDigest.stdout, byTag.stdout)
    const wrong = await home.rkt(['fetch', fromHttp, `docker://${registry.host}/some/busybox@sha256:${'0'.repeat(64)}`])
    assert.equal(wrong.exitCode, 254)
    assert.match(wrong.stderr, /\[REGISTRY_NOT_FOUND\]/)
  } finally {
    await registry.close()
  }
}, withoutRegistry)
