import assert from 'node:assert/strict'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type { PublishedPort } from '@rocket/contracts'
import { findProgram } from '@rocket/host'
import { answerTcp, answerUdp, ask, connect, end, makeNeighbour, serve, serveIn } from './traffic.testing.ts'
import {
  becomeHost, cannotRun, failure, finish, makePod, remove, run, traces, up, waitForNoInterfaces, type TestPod,
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
const noteUdp = `require('node:dgram').createSocket('udp4')
  .on('message', (m) => require('node:fs').appendFileSync('FILE', m)).bind(PORT, HOST, () => console.log('up'))`
const listen = `require('node:net').createServer().listen({ port: PORT, host: '::', ipv6Only: ONLY }, () => console.log('up'))`

test('a published port answers on 127.0.0.1, on an address of the host, from outside, and from the pod itself', { skip }, async () => {
  const pod = makePod(base, { ports: [web, { ...web, name: 'dns', protocol: 'udp', podPort: 53, hostPort: 5353 }] })
  await up(pod)
  const neighbour = makeNeighbour(base)
  const servers = [serve(pod, answerTcp, 80), serve(pod, answerUdp, 53)]
  assert.equal(connect('127.0.0.1', 8080), 'from 172.16.28.1')
  assert.equal(connect('10.99.0.1', 8080), 'from 10.99.0.1')
  assert.equal(connect('10.99.0.1', 8080, neighbour.pid), 'from 10.99.0.2')
  assert.equal(connect('172.16.28.1', 8080, pod.holder), 'from 172.16.28.1', 'to itself by way of the host')
  assert.equal(ask('127.0.0.1', 5353), 'from 172.16.28.1')
  assert.equal(ask('10.99.0.1', 5353, neighbour.pid), 'from 10.99.0.2')
  for (const server of servers) end(server)
  neighbour.kill()
  finish(pod)
  assert.match(connect('127.0.0.1', 8080), /ECONNREFUSED/)
})

test('the world outside sees the host, not the pod', { skip }, async () => {
  const pod = makePod(base)
  await up(pod)
  const neighbour = makeNeighbour(base)
  const server = serveIn(neighbour.pid, answerTcp, 80)
  assert.equal(connect('10.99.0.2', 80, pod.holder), 'from 10.99.0.1')
  end(server)
  neighbour.kill()
  finish(pod)
})

test('a pod cannot reach what listens on the loopback interface of the host', { skip }, async () => {
  const pod = makePod(base, { ports: [web] })
  await up(pod)
  const heard = join(base, 'heard')
  const listener = serveIn(process.pid, noteUdp.replace('FILE', heard), 7777)
  // What an app can do that is root in its own namespace: send the host's own 127.0.0.1 over the wire.
  pod.inside('sh', '-c', 'echo 1 > /proc/sys/net/ipv4/conf/all/route_localnet')
  for (const local of ['127.0.0.0/8', '127.0.0.1']) pod.inside('ip', 'route', 'del', 'local', local, 'dev', 'lo', 'table', 'local')
  pod.inside('ip', 'route', 'add', '127.0.0.1/32', 'via', '172.16.28.1', 'dev', 'eth0', 'src', addressOf(pod))
  ask('127.0.0.1', 7777, pod.holder, 300)
  assert.equal(existsSync(heard), false)
  run('nft', 'flush', 'chain', 'ip', 'rkt', 'guard')
  ask('127.0.0.1', 7777, pod.holder, 300)
  assert.equal(readFileSync(heard, 'utf8'), 'hello', 'without the guard it could')
  end(listener)
  run('nft', 'delete', 'table', 'ip', 'rkt')
  finish(pod)
})

test('a port published on one address does not answer on another', { skip }, async () => {
  run('ip', 'addr', 'add', '10.77.0.1/32', 'dev', 'lo')
  run('ip', 'addr', 'add', '10.77.0.2/32', 'dev', 'lo')
  const one = makePod(base, { ports: [{ ...web, hostIp: '10.77.0.1' }] })
  const two = makePod(base, { ports: [{ ...web, hostIp: '10.77.0.2' }] })
  await up(one)
  await up(two)
  const servers = [serve(one, answerTcp, 80), serve(two, answerTcp.replace("'from ' + c.remoteAddress", "'the other'"), 80)]
  assert.match(connect('10.77.0.1', 8080), /^from /)
  assert.equal(connect('10.77.0.2', 8080), 'the other')
  assert.match(connect('127.0.0.1', 8080), /ECONNREFUSED/)
  for (const server of servers) end(server)
  finish(one)
  finish(two)
})

test('a port that a process of the host listens on is refused by name before anything is touched', { skip }, async () => {
  const squatter = serveIn(process.pid, answerTcp, 8080)
  const pod = makePod(base, { ports: [web] })
  const error = await failure(pod, 'PORT_IN_USE')
  assert.match(error.message, /8080\/tcp: the port is in use by process \d+ \((node|MainThread)/)
  assert.deepEqual(traces(), [])
  end(squatter)
  await up(pod)
  finish(pod)
})

for (const [only, refused] of [['false', true], ['true', false]] as const) {
  test(`a socket on every IPv6 address with ipv6Only ${only} is ${refused ? 'in the way' : 'not in the way'}`, { skip }, async () => {
    const squatter = serveIn(process.pid, listen.replace('ONLY', only), 8080)
    const pod = makePod(base, { ports: [web] })
    if (refused) assert.match((await failure(pod, 'PORT_IN_USE')).message, /by process/)
    else await up(pod)
    end(squatter)
    finish(pod)
  })
}

for (const [first, second] of [
  [web, web],
  [web, { ...web, hostIp: '127.0.0.1' }],
  [{ ...web, hostIp: '127.0.0.1' }, web],
] as const) {
  test(`a port of another pod is refused by its UUID: ${first.hostIp ?? '*'} and then ${second.hostIp ?? '*'}`, { skip }, async () => {
    const pod = makePod(base, { ports: [first] })
    await up(pod)
    const late = makePod(base, { ports: [second] })
    assert.match((await failure(late, 'PORT_IN_USE')).message, new RegExp(`by pod ${pod.uuid}`))
    assert.deepEqual(traces(late.uuid), [])
    late.kill()
    finish(pod)
  })
}

test('a pod that is gone but not collected does not keep its ports', { skip }, async () => {
  const gone = makePod(base, { ports: [web] })
  await up(gone)
  gone.kill()
  assert.deepEqual(waitForNoInterfaces(), [])
  const pod = makePod(base, { ports: [web] })
  await up(pod)
  assert.deepEqual(traces(gone.uuid).filter((line) => !line.startsWith('default/')), [])
  finish(gone)
  assert.notDeepEqual(traces(pod.uuid), [])
  finish(pod)
})

const skipIptables = skip !== false ? skip : findProgram('iptables') === undefined ? 'needs iptables' : false
test('a network of the user that maps ports itself is left to do so', { skip: skipIptables }, async () => {
  const localConfig = join(base, 'config')
  mkdirSync(join(localConfig, 'net.d'), { recursive: true })
  writeFileSync(join(localConfig, 'net.d/10-mine.conflist'), JSON.stringify({
    cniVersion: '0.4.0', name: 'mine',
    plugins: [
      {
        type: 'bridge', bridge: 'mine0', isDefaultGateway: true, ipMasq: true,
        ipam: { type: 'host-local', ranges: [[{ subnet: '10.66.0.0/24' }]] },
      },
      { type: 'portmap', capabilities: { portMappings: true } },
    ],
  }))
  const pod = makePod(base, { networks: [{ name: 'mine' }], ports: [web], localConfig })
  await up(pod)
  const server = serve(pod, answerTcp, 80)
  assert.equal(connect('127.0.0.1', 8080), 'from 10.66.0.1')
  assert.match(run('iptables-save', '-t', 'nat'), /CNI-DN-/)
  end(server)
  finish(pod)
  assert.doesNotMatch(run('iptables-save', '-t', 'nat'), /CNI-DN-[0-9a-f]|10\.66/)
  assert.deepEqual(traces(), [])
  run('ip', 'link', 'del', 'mine0')
})

function addressOf(pod: TestPod): string {
  return pod.context.files.read('Net').attachments[0]?.addresses[0]?.split('/')[0] as string
}
