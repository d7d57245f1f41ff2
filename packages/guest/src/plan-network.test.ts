import assert from 'node:assert/strict'
import { test } from 'node:test'
import { planNetwork } from './plan-network.ts'

const one = { name: 'eth0', mac: '52:54:00:00:00:01', mtu: 1400, addresses: ['172.16.28.2/24'], routes: [{ to: '0.0.0.0/0', via: '172.16.28.1' }] }
const other = { name: 'eth1', mac: '52:54:00:00:00:02', addresses: ['fd00::7/64'], routes: [] }

test('interfaces are found by their hardware address, also when two swap their names', () => {
  const { commands, problems } = planNetwork({ interfaces: [one, other] }, [{ name: 'eth1', mac: one.mac }, { name: 'eth0', mac: other.mac }])
  assert.deepEqual(problems, [])
  assert.deepEqual(commands, [
    'ip link set eth1 down', 'ip link set eth1 name rocket0', 'ip link set eth0 down', 'ip link set eth0 name rocket1',
    'ip link set rocket0 name eth0', 'ip link set eth0 mtu 1400', 'ip addr add 172.16.28.2/24 dev eth0', 'ip link set eth0 up',
    'ip link set rocket1 name eth1', 'echo 0 > /proc/sys/net/ipv6/conf/eth1/accept_dad', 'ip addr add fd00::7/64 dev eth1', 'ip link set eth1 up',
    'ip route replace 0.0.0.0/0 via 172.16.28.1 dev eth0',
  ])
})

test('an interface that is not there is a problem, and the others are made', () => {
  const { commands, problems } = planNetwork({ interfaces: [one, other] }, [{ name: 'eth0', mac: one.mac }])
  assert.deepEqual(problems, ['no interface has the address 52:54:00:00:00:02, which eth1 should have'])
  assert.equal(commands.some((command) => command.includes('eth1')), false)
})
