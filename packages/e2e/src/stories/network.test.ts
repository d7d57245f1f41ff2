import assert from 'node:assert/strict'
import { existsSync, readlinkSync } from 'node:fs'
import { answerOf } from '../program/answer-of.ts'
import { freePort } from '../program/free-port.ts'
import { startPod, until, type Home } from '../program/home.ts'
import { assertHostClean } from '../program/leftovers.ts'
import { sh, story, tellStories } from '../program/story.ts'

const stage = tellStories()
const unsigned = '--insecure-options=image'
const hasPlugins = ['/usr/lib/cni/ptp', '/opt/cni/bin/ptp'].some((path) => existsSync(path))
const withoutPlugins = hasPlugins ? false : 'the CNI plugins are not installed'

async function endPod(home: Home, uuid: string, ended: Promise<unknown>): Promise<void> {
  await home.rkt(['stop', '--force', uuid])
  await ended
}

story('on the default network a pod has an address, which list and status tell, and the way out is through the host', async () => {
  const { home, images } = stage
  const { uuid, running } = await startPod(home, [unsigned, ...sh(images.busybox, 'sleep 60')])
  const { stdout } = await home.rkt(['status', uuid])
  const address = /^networks=default:ip4=(172\.16\.28\.\d+)$/m.exec(stdout)?.[1] ?? assert.fail(stdout)
  assert.match((await home.rkt(['list'])).stdout, new RegExp(`default:ip4=${address.replaceAll('.', '\\.')}`))
  const inside = await home.rkt(['enter', uuid, '/bin/sh', '-c', 'ip -4 addr show eth0; ip route'])
  assert.match(inside.stdout, new RegExp(`inet ${address}/`), inside.stderr)
  assert.match(inside.stdout, /^default via 172\.16\.28\.1/m)
  await endPod(home, uuid, running.ended)
}, withoutPlugins)

story('a published port is answered by the pod, on loopback and on the address of the host, and closed afterwards', async () => {
  const { home, images } = stage
  const port = await freePort()
  const { uuid, running } = await startPod(home, [unsigned, `--port=talk:${port}`, images.server])
  assert.equal(await until('an answer', () => answerOf('127.0.0.1', port)), 'server answers\n')
  await home.rkt(['stop', uuid])
  await running.ended
  await assertHostClean(home)
  assert.equal(await answerOf('127.0.0.1', port), undefined)
}, withoutPlugins)

story('a port in use is refused, whoever has it, and the pod that has it goes on', async () => {
  const { home, images } = stage
  const port = await freePort()
  const { uuid, running } = await startPod(home, [unsigned, `--port=talk:${port}`, images.server])
  const second = await home.rkt(['run', unsigned, `--port=talk:${port}`, images.server])
  assert.equal(second.exitCode, 254)
  assert.match(second.stderr, /PORT_IN_USE/)
  assert.match(second.stderr, new RegExp(String(port)))
  assert.equal(await until('an answer', () => answerOf('127.0.0.1', port)), 'server answers\n')
  await endPod(home, uuid, running.ended)
}, withoutPlugins)

story('two pods on the default network reach each other', async () => {
  const { home, images } = stage
  const server = await startPod(home, [unsigned, images.server])
  const address = /ip4=([\d.]+)/.exec((await home.rkt(['status', server.uuid])).stdout)?.[1] ?? assert.fail('no address')
  const { stdout, stderr } = await home.rkt([
    'run', unsigned, ...sh(images.busybox, `for i in 1 2 3 4 5; do nc ${address} 8080 </dev/null && exit; sleep 0.2; done`),
  ])
  assert.equal(stdout, 'server answers\n', stderr)
  await endPod(home, server.uuid, server.running.ended)
}, withoutPlugins)

story('with --net=host the pod is in the network namespace of the host', async () => {
  const { home, images } = stage
  const { stdout } = await home.rkt(['run', unsigned, '--net=host', images.busybox, '--exec=/bin/readlink', '--', '/proc/self/ns/net'])
  assert.equal(stdout.trim(), readlinkSync('/proc/self/ns/net'))
})

story('a network that is not configured is refused by name, and the pod can be collected', async () => {
  const { home, images } = stage
  const { exitCode, stderr } = await home.rkt(['run', unsigned, '--net=nowhere', images.busybox])
  assert.equal(exitCode, 254)
  assert.match(stderr, /NETWORK_NOT_FOUND/)
  assert.match(stderr, /nowhere/)
})

story('a pod killed with its supervisor leaves no address and no rule behind when gc has been', async () => {
  const { home, images } = stage
  const { running } = await startPod(home, [unsigned, `--port=talk:${await freePort()}`, images.server])
  process.kill(running.pid, 'SIGKILL')
  await running.ended
}, withoutPlugins)
