import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { PublishedPort } from '@rocket/contracts'
import { builtinNetworks } from './builtin-networks.ts'
import { chooseNetworks } from './choose-networks.ts'
import type { NetworkConfig } from './cni-types.ts'
import { matchesGolden } from './golden.testing.ts'
import { planContained, type ContainedInput } from './plan-up.ts'
import { masqueradeRules, parseTable, portRules, removalRules, skeleton } from './rules.ts'

const uuid = '6a3a5b1e-3c4d-4e5f-8a9b-0c1d2e3f4a5b'
const web: PublishedPort = { name: 'http', app: 'web', protocol: 'tcp', podPort: 80, hostPort: 8080 }
const dns: PublishedPort = { name: 'dns', app: 'web', protocol: 'udp', podPort: 53, hostPort: 53, hostIp: '192.0.2.1' }
const mine: NetworkConfig = {
  name: 'mine', file: '10-mine.conflist', cniVersion: '1.0.0',
  plugins: [
    { type: 'bridge', ipMasq: true, ipam: { type: 'host-local', ranges: [[{ subnet: '10.1.0.0/16' }], [{ subnet: 'fd00:1::/64' }]] } },
    { type: 'portmap', capabilities: { portMappings: true } },
  ],
}

for (const [name, change] of [
  ['default', {}],
  ['default-with-ports', { pod: { ports: [web, dns] } }],
  ['default-with-ports-without-nft', { pod: { ports: [web] }, firewall: 'iptables' as const }],
  ['restricted', { requests: [{ name: 'default-restricted', args: 'IP=172.31.0.9' }] }],
  ['all-with-ports', { requests: [{ name: 'all' }], pod: { ports: [web] } }],
] as [string, Partial<ContainedInput>][]) {
  test(`the plan of ${name} is the one in golden/plan-${name}.json`, () => {
    const plan = planContained({
      uuid, requests: [{ name: 'default' }], known: [mine, ...builtinNetworks], cniPath: ['/usr/lib/cni'], pod: { ports: [] },
      sandbox: { namespaces: { mount: '/proc/7/ns/mnt', network: '/proc/7/ns/net' } }, firewall: 'nft', ...change,
    })
    matchesGolden(`plan-${name}.json`, `${JSON.stringify(plan, undefined, 2)}\n`)
  })
}

test('the rules are those in golden/rules.nft', () => {
  const target = { uuid, address: '172.16.28.5', hostInterface: 'veth12345678' }
  matchesGolden('rules.nft', [
    '# the table, once\n', skeleton('ip'), skeleton('ip6'), '# a network\n', masqueradeRules('ip', ['172.16.28.0/24', '10.1.0.0/16']),
    masqueradeRules('ip6', ['fd00:1::/64']), '# a pod\n', portRules(target, [web, dns, { ...web, hostPort: 8081, hostIp: '0.0.0.0' }]),
  ].join(''))
})

test('takes back the elements and the chain of one pod and nothing of another', () => {
  const mark = `${uuid} veth1`
  const other = 'other veth2'
  const chain = (name: string): object => ({ chain: { family: 'ip', table: 'rkt', name } })
  const element = (concat: unknown[], comment: string): unknown => ({ elem: { val: { concat }, comment } })
  const json = JSON.stringify({
    nftables: [
      { metainfo: {} }, { set: { name: 'masq', elem: [{ prefix: { addr: '172.16.28.0', len: 24 } }] } },
      { set: { name: 'translated', elem: [element(['127.0.0.1', '172.16.28.5'], mark), element(['127.0.0.1', '172.16.28.6'], other)] } },
      { map: { name: 'ports', elem: [[element(['tcp', 8080], mark), { goto: {} }], [element(['tcp', 8081], other), { goto: {} }]] } },
      { map: { name: 'address-ports', elem: [[element(['192.0.2.1', 'udp', 53], `${uuid} -`), { goto: {} }]] } },
      chain('postrouting'), chain(`RKT-PFWD-DNAT-${uuid}`), chain('RKT-PFWD-DNAT-other'),
    ],
  })
  const content = parseTable(json)
  assert.equal(removalRules(content, [uuid]), [
    'delete element ip rkt translated { 127.0.0.1 . 172.16.28.5 }',
    'delete element ip rkt ports { tcp . 8080 }',
    'delete element ip rkt address-ports { 192.0.2.1 . udp . 53 }',
    `flush chain ip rkt RKT-PFWD-DNAT-${uuid}`,
    `delete chain ip rkt RKT-PFWD-DNAT-${uuid}`,
    '',
  ].join('\n'))
  assert.equal(removalRules(content, ['nobody']), '')
  assert.deepEqual(content.elements.map((one) => one.hostInterface), ['veth1', 'veth2', 'veth1', 'veth2', undefined])
})

test('networks come in the order of their file names, each interface once, whatever the order of the request', () => {
  const known = [mine, ...builtinNetworks]
  const names = (requests: { name: string }[]): string[] => chooseNetworks(requests, known).map((one) => `${one.ifName}=${one.name}`)
  assert.deepEqual(names([{ name: 'default' }, { name: 'mine' }]), ['eth0=mine', 'eth1=default'])
  assert.deepEqual(names([{ name: 'all' }]), ['eth0=mine', 'eth1=default', 'eth2=default-restricted'])
})
