import assert from 'node:assert/strict'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type { PublishedPort } from '@rocket/contracts'
import {
  becomeHost, cannotRun, down, interfaces, makePod, remove, run, traces, up, waitForNoInterfaces,
} from './world.testing.ts'

const skip = cannotRun ?? false
let base: string
before(() => {
  if (skip === false) base = becomeHost()
})
after(() => {
  if (skip === false) remove(base)
})

const web: PublishedPort = { name: 'http', app: 'web', protocol: 'tcp', podPort: 80, hostPort: 8080 }

test('the default network gives an address, a route and masquerading, and down leaves nothing of the pod', { skip }, async () => {
  const pod = makePod(base)
  await up(pod)
  const net = pod.context.files.read('Net')
  const [attachment] = net.attachments
  assert.equal(attachment?.network, 'default')
  assert.match(attachment.addresses[0] as string, /^172\.16\.28\.\d+\/24$/)
  assert.equal(attachment.gateway, '172.16.28.1')
  assert.match(pod.inside('ip', 'route'), /default via 172\.16\.28\.1 dev eth0/)
  assert.match(pod.inside('ip', 'link', 'show', 'lo'), /<LOOPBACK,UP/)
  assert.match(run('nft', 'list', 'set', 'ip', 'rkt', 'masq'), /172\.16\.28\.0\/24/)
  assert.equal(run('iptables-save', '-t', 'nat').includes('CNI-'), false)
  assert.deepEqual(interfaces(), [attachment.hostInterface])
  assert.equal(existsSync(join(pod.directory, 'net-attempt.json')), false)
  pod.kill()
  down(pod.uuid, pod.directory)
  assert.deepEqual(traces(), [])
  assert.deepEqual(waitForNoInterfaces(), [])
})

test("rkt's view of the network says what rkt said", { skip }, async () => {
  const pod = makePod(base)
  await up(pod)
  const [info] = JSON.parse(readFileSync(join(pod.directory, 'net-info.json'), 'utf8')) as Record<string, string>[]
  assert.deepEqual(Object.keys(info ?? {}), ['netName', 'netConf', 'pluginPath', 'ifName', 'ip', 'args', 'mask'])
  assert.equal(info?.netConf, join(pod.directory, 'net/99-default.conf'))
  assert.equal(info.pluginPath, '/usr/lib/cni/ptp')
  assert.equal(info.mask, '255.255.255.0')
  assert.equal((JSON.parse(readFileSync(info.netConf as string, 'utf8')) as { name: string }).name, 'default')
  pod.kill()
  down(pod.uuid, pod.directory)
  assert.equal(existsSync(info.netConf as string), false)
})

test('several networks get eth0, eth1 in the order of their files, and arguments reach the plugins', { skip }, async () => {
  const pod = makePod(base, { networks: [{ name: 'default-restricted' }, { name: 'default', args: 'IP=172.16.28.77' }] })
  await up(pod)
  const { attachments } = pod.context.files.read('Net')
  // Byte order, as rkt: the file 99-default-restricted.conf is before 99-default.conf.
  assert.deepEqual(attachments.map((one) => [one.network, one.ifName]), [['default-restricted', 'eth0'], ['default', 'eth1']])
  assert.deepEqual(attachments[1]?.addresses, ['172.16.28.77/24'])
  assert.match(pod.inside('ip', 'addr', 'show', 'eth0'), /172\.31\./)
  pod.kill()
  down(pod.uuid, pod.directory)
  assert.deepEqual(traces(), [])
})

test('none brings loopback up and nothing else; host does nothing', { skip }, async () => {
  const none = makePod(base, { mode: 'none' })
  none.inside('ip', 'link', 'set', 'lo', 'down')
  await up(none)
  assert.match(none.inside('ip', '-o', 'link'), /^1: lo: <LOOPBACK,UP[^\n]*\n$/)
  assert.equal(none.context.files.read('Net').mode, 'none')
  const host = makePod(base, { mode: 'host' })
  await up(host)
  assert.equal(host.context.files.read('Net').netns, undefined)
  for (const pod of [none, host]) {
    pod.kill()
    down(pod.uuid, pod.directory)
  }
  assert.deepEqual(interfaces(), waitForNoInterfaces())
})

test('down from the UUID alone finds everything: the documents are lost', { skip }, async () => {
  const pod = makePod(base, { ports: [web] })
  await up(pod)
  assert.notDeepEqual(traces(pod.uuid), [])
  pod.kill()
  remove(pod.directory)
  down(pod.uuid, '/nowhere-at-all')
  assert.deepEqual(traces(), [])
  assert.deepEqual(waitForNoInterfaces(), [])
})

test('down can be repeated, and needs no up before it', { skip }, async () => {
  const pod = makePod(base, { ports: [web] })
  down(pod.uuid, pod.directory)
  await up(pod)
  pod.kill()
  for (let times = 0; times < 3; times++) down(pod.uuid, pod.directory)
  assert.deepEqual(traces(), [])
})

test('down while the pod lives takes its interface away', { skip }, async () => {
  const pod = makePod(base)
  await up(pod)
  down(pod.uuid, pod.directory)
  assert.doesNotMatch(pod.inside('ip', '-o', 'link'), /eth0/)
  assert.deepEqual(interfaces(), [])
  pod.kill()
})

test('the rules come back when somebody flushed the ruleset', { skip }, async () => {
  run('nft', 'flush', 'ruleset')
  const pod = makePod(base, { ports: [web] })
  await up(pod)
  assert.match(run('nft', 'list', 'table', 'ip', 'rkt'), /@masq.* masquerade/)
  pod.kill()
  run('nft', 'flush', 'ruleset')
  down(pod.uuid, pod.directory)
  assert.deepEqual(traces(), [])
})

test('networks whose subnets overlap are masqueraded both', { skip }, async () => {
  const localConfig = join(base, 'config')
  mkdirSync(join(localConfig, 'net.d'), { recursive: true })
  writeFileSync(join(localConfig, 'net.d/10-wide.conf'), JSON.stringify({
    cniVersion: '0.4.0', name: 'wide', type: 'ptp', ipMasq: true, ipam: { type: 'host-local', subnet: '172.16.0.0/16' },
  }))
  for (const name of ['default', 'wide', 'wide']) {
    const pod = makePod(base, { networks: [{ name }], localConfig })
    await up(pod)
    pod.kill()
    down(pod.uuid, pod.directory)
  }
  assert.match(run('nft', 'list', 'set', 'ip', 'rkt', 'masq-overlapping'), /172\.16\.0\.0\/16/)
  assert.deepEqual(traces(), [])
})
