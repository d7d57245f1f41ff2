import assert from 'node:assert/strict'
import { test } from 'node:test'
import { collides, parseSockets } from './ports-in-use.ts'
import { maskOf, readResult, routeInterface, subnetOf } from './read-result.ts'

test('reads the results of new plugins and of old ones', () => {
  const fresh = readResult({
    interfaces: [{ name: 'veth1', mac: 'aa:00' }, { name: 'eth0', mac: 'bb:00', sandbox: '/proc/7/ns/net' }],
    ips: [{ address: '10.1.2.3/24', gateway: '10.1.2.1' }, { address: 'fd00::3/64' }],
  })
  assert.deepEqual(fresh, { addresses: ['10.1.2.3/24', 'fd00::3/64'], gateway: '10.1.2.1', mac: 'bb:00', hostInterface: 'veth1' })
  const old = readResult({ interfaces: [{ name: 'veth1' }], ip4: { ip: '10.1.2.3/24', gateway: '10.1.2.1' } })
  assert.deepEqual(old, { addresses: ['10.1.2.3/24'], gateway: '10.1.2.1', hostInterface: 'veth1' })
})

for (const name of ['a"; flush ruleset', '../../all', '..', 'a name', 'sixteen-letters-']) {
  test(`takes nothing from a plugin as an interface that is no name of one: ${name}`, () => {
    assert.equal(readResult({ interfaces: [{ name }], ips: [{ address: 'fd00::1/64' }] }).hostInterface, undefined)
  })
}

for (const address of ['10.1.2.3', '10.1.2.3/24; drop', 'x/24', '']) {
  test(`takes nothing from a plugin as an address that is none: ${JSON.stringify(address)}`, () => {
    assert.deepEqual(readResult({ interfaces: [{ name: 'v' }], ips: [{ address }] }).addresses, [])
  })
}

test('computes networks and masks', () => {
  assert.equal(subnetOf('172.16.28.77/24'), '172.16.28.0/24')
  assert.equal(subnetOf('255.255.255.255/1'), '128.0.0.0/1')
  assert.equal(subnetOf('10.0.0.1/32'), '10.0.0.1/32')
  assert.equal(subnetOf('10.0.0.1/0'), '0.0.0.0/0')
  assert.equal(maskOf('10.0.0.1/20'), '255.255.240.0')
  assert.equal(maskOf('10.0.0.1/0'), '0.0.0.0')
})

test('finds the interface of an address in the routing table, the narrowest route first', () => {
  const routes = [
    'Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT',
    'eth0\t00000000\t010011AC\t0003\t0\t0\t0\t00000000\t0\t0\t0',
    'wide\t001C10AC\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0', 'veth1\t051C10AC\t00000000\t0005\t0\t0\t0\tFFFFFFFF\t0\t0\t0', '',
  ].join('\n')
  assert.equal(routeInterface('172.16.28.5', routes), 'veth1')
  assert.equal(routeInterface('172.16.28.6', routes), 'wide')
  assert.equal(routeInterface('8.8.8.8', routes), undefined)
})

test('reads listening sockets of IPv4 and IPv6, and no others', () => {
  const tcp = [
    '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode',
    '   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 111 1',
    '   1: 00000000:0016 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 222 1',
    '   2: 0100007F:1F91 0100007F:1F90 01 00000000:00000000 00:00000000 00000000     0        0 333 1',
  ].join('\n')
  assert.deepEqual(parseSockets(tcp, 4, 'tcp'), [
    { family: 4, address: '127.0.0.1', port: 8080, inode: '111' }, { family: 4, address: undefined, port: 22, inode: '222' },
  ])
  const six = [
    'head', '   0: 00000000000000000000000000000000:0050 0:0 0A 0:0 0:0 0 0 0 1',
    '   1: 0000000000000000FFFF00000100007F:0051 0:0 0A 0:0 0:0 0 0 0 2',
    '   2: 00000000000000000000000001000000:0052 0:0 0A 0:0 0:0 0 0 0 3',
  ].join('\n')
  assert.deepEqual(parseSockets(six, 6, 'tcp').map((socket) => socket.address), [undefined, '127.0.0.1', '0:0:0:0:0:0:0:1'])
})

for (const [socket, hostIp, expected] of [
  ['127.0.0.1', undefined, true], [undefined, '10.0.0.1', true], ['127.0.0.1', '10.0.0.1', false], ['10.0.0.1', '10.0.0.1', true],
  ['10.0.0.1', '0.0.0.0', true], ['0:0:0:0:0:0:0:1', undefined, false],
] as const) {
  test(`a socket on ${socket ?? '*'} ${expected ? 'collides' : 'does not collide'} with a port on ${hostIp ?? '*'}`, () => {
    const family = socket?.includes(':') === true ? 6 : 4
    assert.equal(collides({ family, address: socket, port: 80 }, { hostPort: 80, ...(hostIp === undefined ? {} : { hostIp }) }), expected)
    assert.equal(collides({ family, address: socket, port: 81 }, { hostPort: 80 }), false)
  })
}
