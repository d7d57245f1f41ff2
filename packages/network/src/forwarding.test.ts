import assert from 'node:assert/strict'
import { after, before, beforeEach, test } from 'node:test'
import type { PublishedPort } from '@rocket/contracts'
import { bindMount, findProgram, runProgram, unmount } from '@rocket/host'
import { missingRules } from './forwarding.ts'
import { answerTcp, connect, end, makeNeighbour, serve, serveIn } from './traffic.testing.ts'
import { becomeHost, cannotRun, finish, makePod, remove, run, up } from './world.testing.ts'

const iptables = findProgram('iptables')
const skip = cannotRun ?? (iptables === undefined ? 'needs iptables' : false)
let base: string
before(() => {
  if (skip === false) base = becomeHost()
})
beforeEach(() => {
  if (skip !== false) return
  run('nft', 'flush', 'ruleset')
  run('iptables', '-P', 'FORWARD', 'DROP')
})
after(() => {
  if (skip === false) remove(base)
})

const web: PublishedPort = { name: 'http', app: 'web', protocol: 'tcp', podPort: 80, hostPort: 8080 }
const forwardRules = (): string[] => run('iptables', '-S', 'FORWARD').split('\n').filter((line) => line.startsWith('-A'))

test('where the host drops what it forwards, a pod reaches the world, and the world its published ports alone', { skip }, async () => {
  const pod = makePod(base, { ports: [web] })
  await up(pod)
  assert.deepEqual(pod.warnings, [])
  const neighbour = makeNeighbour(base)
  const servers = [serve(pod, answerTcp, 80), serve(pod, answerTcp, 81), serveIn(neighbour.pid, answerTcp, 80)]
  assert.equal(connect('10.99.0.2', 80, pod.holder), 'from 10.99.0.1')
  assert.equal(connect('10.99.0.1', 8080, neighbour.pid), 'from 10.99.0.2')
  runProgram('nsenter', [`--net=/proc/${neighbour.pid}/ns/net`, 'ip', 'route', 'add', '172.16.28.0/24', 'via', '10.99.0.1'])
  const address = pod.context.files.read('Net').attachments[0]?.addresses[0]?.split('/')[0] as string
  assert.equal(connect(address, 81, neighbour.pid), 'TIMEOUT')
  for (const server of servers) end(server)
  neighbour.kill()
  finish(pod)
})

test('the rules of a subnet are written once, at the end of the chain, and come back when they were taken away', { skip }, async () => {
  run('iptables', '-A', 'FORWARD', '-s', '172.16.28.0/24', '-d', '10.99.0.2', '-j', 'DROP')
  for (let times = 0; times < 3; times++) {
    const pod = makePod(base)
    await up(pod)
    const rules = forwardRules()
    assert.deepEqual([rules.length, rules[0]], [3, '-A FORWARD -s 172.16.28.0/24 -d 10.99.0.2/32 -j DROP'], rules.join('\n'))
    if (times === 0) {
      const neighbour = makeNeighbour(base)
      const server = serveIn(neighbour.pid, answerTcp, 80)
      assert.equal(connect('10.99.0.2', 80, pod.holder), 'TIMEOUT', 'what was refused stays refused')
      end(server)
      neighbour.kill()
    }
    finish(pod)
    if (times === 1) run('iptables', '-D', 'FORWARD', '3')
  }
})

test('where the host forwards, nothing is written, nor for a network that is not masqueraded', { skip }, async () => {
  const restricted = makePod(base, { networks: [{ name: 'default-restricted' }] })
  await up(restricted)
  finish(restricted)
  run('iptables', '-P', 'FORWARD', 'ACCEPT')
  const pod = makePod(base, { ports: [web] })
  await up(pod)
  finish(pod)
  assert.deepEqual(forwardRules(), [])
})

test('where the rules cannot be written the pod starts, with a warning that says what to do', { skip }, async () => {
  const restore = findProgram('iptables-restore') as string
  bindMount('/bin/false', restore)
  try {
    const pod = makePod(base)
    await up(pod)
    assert.match(pod.warnings.join(), /drops what it forwards from and to 172\.16\.28\.0\/24: .*let these subnets pass in the FORWARD chain/)
    finish(pod)
  } finally {
    unmount(restore)
  }
})

test('nothing is missing where the policy accepts', () => {
  assert.deepEqual(missingRules('-P FORWARD ACCEPT\n', ['10.0.0.0/8']), [])
  assert.equal(missingRules('-P FORWARD DROP\n', ['10.0.0.0/8']).length, 2)
})
