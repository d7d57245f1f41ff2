import assert from 'node:assert/strict'
import { test } from 'node:test'
import { planDns } from './dns.ts'
import { parseEnvFile } from './env-file.ts'
import { planHosts } from './hosts.ts'
import { insecurities } from './insecure-options.ts'
import { isIP } from './ip.ts'
import { seccomp, supplementaryGids } from './isolators.ts'
import { parseMount } from './mount.ts'
import { checkAcIdentifier, checkAcName } from './names.ts'
import { parseNetwork } from './net.ts'
import { parsePort } from './port.ts'
import { parseQuantity } from './quantity.ts'
import { parseVolume } from './volume.ts'

/** Each row: what is done, and the value or the message it ends in. */
const rows: readonly [string, () => unknown, unknown][] = [
  [
    'a host volume',
    () => parseVolume('v,kind=host,source=/a/../b/,readOnly=true'),
    { kind: 'host', name: 'v', source: '/b', readOnly: true },
  ],
  ['an escaped source', () => parseVolume('v,kind=host,source=/a%2Cb'), { kind: 'host', name: 'v', source: '/a,b' }],
  ['an empty volume', () => parseVolume('v,kind=empty,mode=0700,uid=5,gid=6'), { kind: 'empty', name: 'v', mode: '0700', uid: 5, gid: 6 }],
  ['recursive=false', () => parseVolume('v,kind=host,source=/,recursive=0'), { kind: 'host', name: 'v', source: '/', recursive: false }],
  ['no kind', () => parseVolume('v'), 'invalid value in --volume flag "v": unrecognized volume kind: should be one of "empty", "host"'],
  ['no source', () => parseVolume('v,kind=host'), 'invalid value in --volume flag "v,kind=host": source for host volume cannot be empty'],
  [
    'a relative source',
    () => parseVolume('v,kind=host,source=a'),
    'invalid value in --volume flag "v,kind=host,source=a": source for host volume must be absolute path',
  ],
  [
    'a mode on a host volume',
    () => parseVolume('v,kind=host,source=/,mode=1'),
    'invalid value in --volume flag "v,kind=host,source=/,mode=1": mode for host volume cannot be set',
  ],
  [
    'a source on an empty volume',
    () => parseVolume('v,kind=empty,source=/'),
    'invalid value in --volume flag "v,kind=empty,source=/": source for empty volume must be empty',
  ],
  [
    'an unknown key',
    () => parseVolume('v,kind=empty,size=1'),
    'invalid value in --volume flag "v,kind=empty,size=1": unknown volume parameter "size"',
  ],
  [
    'a bad volume name',
    () => parseVolume('V_,kind=empty'),
    'invalid value in --volume flag "V_,kind=empty": ACName must start and end with only lower case alphanumeric characters',
  ],
  ['a mount', () => parseMount('volume=v,target=/a/'), { volume: 'v', target: '/a' }],
  ['a mount with an unknown key', () => parseMount('volume=v,path=/a'), 'unknown mount parameter "path"'],
  ['a mount with two targets', () => parseMount('volume=v,target=/a,target=/b'), 'label target with multiple values ["/a","/b"]'],
  [
    'a mount of a bad name',
    () => parseMount('volume=V,target=/a'),
    'invalid volume name "V" in --mount flag: ACName must start and end with only lower case alphanumeric characters',
  ],
  ['a port', () => parsePort('http:8080'), { name: 'http', hostPort: 8080 }],
  ['a port on an address', () => parsePort('http:127.0.0.1:80'), { name: 'http', hostIp: '127.0.0.1', hostPort: 80 }],
  ['a port without name', () => parsePort('80'), '"80" is not in name:[ip:]port format'],
  ['a port of a bad name', () => parsePort('HTTP:80'), '"HTTP" is not a valid port name'],
  ['a port on a bad address', () => parsePort('a:1.2.3:80'), '"1.2.3" is not a valid IP'],
  ['a port that is none', () => parsePort('a:70000'), '"70000" is not a valid port number'],
  ['a network with too many colons', () => parseNetwork('a:b:c'), 'network "a" provided with invalid arguments: [b c]'],
  [
    'name servers',
    () => planDns({ dns: ['8.8.8.8', '::1'], search: ['x'], options: [], domain: '' }),
    { mode: 'given', nameservers: ['8.8.8.8', '::1'], search: ['x'], options: [] },
  ],
  [
    'no DNS flags',
    () => planDns({ dns: [], search: [], options: [], domain: '' }),
    { mode: 'default', nameservers: [], search: [], options: [] },
  ],
  [
    'host and another',
    () => planDns({ dns: ['host', '1.1.1.1'], search: [], options: [], domain: '' }),
    'no other --dns options allowed when --dns=host is passed',
  ],
  [
    'none and search',
    () => planDns({ dns: ['none'], search: ['x'], options: [], domain: '' }),
    'Cannot call --dns-opt, --dns-search, or --dns-domain with --dns=none',
  ],
  ['a bad server', () => planDns({ dns: ['x'], search: [], options: [], domain: '' }), 'Invalid IP passed to --dns: x'],
  [
    'hosts',
    () => planHosts(['1.2.3.4=a', '1.2.3.4=b', '::1=c']),
    {
      mode: 'given',
      entries: [
        { ip: '1.2.3.4', names: ['a', 'b'] },
        { ip: '::1', names: ['c'] },
      ],
    },
  ],
  ['host and an entry', () => planHosts(['host', '1.2.3.4=a']), 'cannot pass --hosts-entry=host with multiple hosts-entries'],
  ['a bad entry', () => planHosts(['nonsense']), 'Did not understand --hosts-entry nonsense'],
  ['a bad address', () => planHosts(['x=a']), 'Invalid IP passed to --hosts-entry: x'],
  [
    'an environment file',
    () => parseEnvFile('# c\n; c\n\nA=1\nB=x y=z\n', 'f'),
    [
      { name: 'A', value: '1' },
      { name: 'B', value: 'x y=z' },
    ],
  ],
  ['a line without =', () => parseEnvFile('A', 'f'), 'environment variable must be specified as name=value (file "f")'],
  ['a name twice', () => parseEnvFile('A=1\nA=2', 'f'), 'environment variable "A" already set (file "f")'],
  ['a seccomp override', () => seccomp.add('', 'mode=retain,errno=EPERM,read,write', true), 'mode=retain,errno=EPERM,read,write'],
  ['a bad seccomp mode', () => seccomp.add('', 'mode=x,read', true), 'invalid seccomp mode command-line override'],
  ['seccomp without calls', () => seccomp.add('', 'mode=retain', true), 'invalid seccomp command-line override'],
  ['groups', () => supplementaryGids.add([1], '2, 3', false), [1, 2, 3]],
  ['groups that are none', () => supplementaryGids.add([], 'wheel', true), '--supplementary-gids must be integers'],
  ['an empty ACName', () => checkAcName(''), 'ACName cannot be empty'],
  ['an ACName with a dot', () => checkAcName('a.b'), 'ACName must contain only lower case alphanumeric characters plus "-"'],
  ['an ACIdentifier', () => checkAcIdentifier('example.com/~u/app_v1'), 'example.com/~u/app_v1'],
  ['all-fetch', () => insecurities(['all-fetch']).fetch, { image: true, tls: true, http: true, pubkey: true }],
  ['all-fetch at run time', () => insecurities(['all-fetch']).run, { capabilities: false, paths: false, seccomp: false }],
  ['paths', () => insecurities(['image', 'paths']).run, { capabilities: false, paths: true, seccomp: false }],
]

for (const [name, act, expected] of rows) {
  test(`reads ${name}`, () => {
    let value: unknown
    try {
      value = act()
    } catch (error) {
      value = (error as Error).message
    }
    assert.deepEqual(value, expected)
  })
}

for (const [text, units] of [
  ['500m', 0.5],
  ['2', 2],
  ['1.5', 1.5],
  ['64M', 64e6],
  ['64Mi', 67108864],
  ['1k', 1000],
  ['1e3', 1000],
  ['16E3', 16000],
  ['-1', -1],
  ['0.5Ki', 512],
] as const)
  test(`reads the quantity ${text}`, () => assert.equal(Number(parseQuantity(text)) / 1e9, units))

for (const text of ['', 'x', '1K', '1.2.3', '.', '1mm', '1 M', '1e']) {
  test(`refuses the quantity ${JSON.stringify(text)}`, () => assert.throws(() => parseQuantity(text)))
}

test('tells addresses from other words', () => {
  for (const good of ['1.2.3.4', '::', '::1', 'fe80::1', '1:2:3:4:5:6:7:8', '::ffff:1.2.3.4']) assert.equal(isIP(good), true, good)
  for (const bad of ['', '1.2.3', '1.2.3.256', '01.2.3.4', ':::', '1:2:3', '1::2::3', 'g::', '1:2:3:4:5:6:7:8:9', 'localhost'])
    assert.equal(isIP(bad), false, bad)
})
