import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isRocketError, type ErrorCode, type Pod, type RunRequest } from '@rocket/contracts'
import { flavors, request, runRequest, uuid } from '../testing/fixture.ts'
import { planStart, type StartPlan } from './plan-start.ts'

const startedAt = '2026-11-23T12:00:02.000Z'

function pod(flavor: string, changes: Partial<Pod> = {}): Pod {
  const asked = request()
  const others = flavors.filter(({ name }) => name !== flavor).map(({ name, features }) => ({ name, features }))
  return {
    version: 1, uuid, createdAt: asked.createdAt, flavor: flavors.find(({ name }) => name === flavor) as Pod['flavor'],
    flavorPolicy: 'refuse', otherFlavors: others,
    needs: [], volumes: [], ports: [], exitPolicy: 'apps', overlay: true, annotations: [], ...changes,
  }
}

function plan(
  flavor: string, said: Partial<RunRequest> = {}, more: { pod?: Partial<Pod>; apps?: string[]; terminal?: boolean } = {},
): StartPlan {
  const apps = (more.apps ?? ['web']).map((app) => ({ app }))
  return planStart({ pod: pod(flavor, more.pod), apps, request: runRequest(said), startedAt, isTerminal: () => more.terminal ?? false })
}

test('a pod of which nobody says anything', () => {
  assert.deepEqual(plan('oci'), {
    start: {
      version: 1, uuid, startedAt, network: { mode: 'contained', networks: [{ name: 'default' }] }, hostname: `rkt-${uuid}`,
      dns: { mode: 'default', nameservers: [], search: [], options: [] }, hosts: { mode: 'default', entries: [] }, ipc: 'private',
      streams: { web: { stdin: 'null', stdout: 'inherit', stderr: 'inherit' } },
      insecure: { capabilities: false, paths: false, seccomp: false }, degraded: [],
      localConfig: '/etc/rkt',
    },
    warnings: [],
  })
})

const contained = (...names: string[]): object => ({ mode: 'contained', networks: names.map((name) => ({ name })) })
for (const [flavor, policy, names, expected] of [
  ['oci', 'refuse', [], contained('default')],
  ['oci', 'refuse', ['none'], { mode: 'none' }],
  ['oci', 'refuse', ['host'], { mode: 'host' }],
  ['oci', 'refuse', ['all'], contained('all')],
  ['oci', 'refuse', ['default', 'lan'], contained('default', 'lan')],
  ['fly', 'refuse', [], { mode: 'host' }],
  ['fly', 'refuse', ['host'], { mode: 'host' }],
  ['fly', 'warn', ['none'], { mode: 'host' }],
  ['fly', 'warn', ['default'], { mode: 'host' }],
] as const) {
  test(`--net=${names.join(',') || '(nobody said)'} with flavor ${flavor}, policy ${policy}`, () => {
    const planned = plan(flavor, { networks: names.map((name) => ({ name })) }, { pod: { flavorPolicy: policy } })
    assert.deepEqual(planned.start.network, expected)
    assert.equal(planned.start.degraded.length, planned.warnings.length)
    assert.equal(planned.warnings.length, policy === 'warn' ? 1 : 0)
  })
}

const dns = (changes: Partial<RunRequest['dns']>): Partial<RunRequest> =>
  ({ dns: { mode: 'given', nameservers: [], search: [], options: [], ...changes } })
const published = { ports: [{ name: 'http', app: 'web', protocol: 'tcp' as const, podPort: 80, hostPort: 8080 }] }
const networks = (...names: string[]): Partial<RunRequest> => ({ networks: names.map((name) => ({ name })) })
for (const [what, flavor, said, more, code, words] of [
  [
    'published ports without a network', 'oci', networks('none'), { pod: published }, 'PORTS_NEED_NETWORK',
    /--port flag does not work with 'none' networking/,
  ],
  [
    'published ports with the host\'s', 'oci', networks('host'), { pod: published }, 'PORTS_NEED_NETWORK',
    /--port flag does not work with 'host' networking/,
  ],
  ['one network twice', 'oci', networks('a', 'a'), {}, 'NETWORK_INVALID', /found duplicate netname "a"/],
  ['host beside others', 'oci', networks('host', 'a'), {}, 'NETWORK_INVALID', /host cannot be combined with other networks/],
  [
    'arguments for all', 'oci', { networks: [{ name: 'all', args: 'A=B' }] }, {}, 'NETWORK_INVALID',
    /arguments are not supported by special netname "all"/,
  ],
  [
    'a stated network that the flavor lacks', 'fly', networks('none'), {}, 'FLAVOR_LACKS_FEATURE',
    /network-none .*stated by --net=none; flavors that have it: oci/,
  ],
  ['a host name that the flavor lacks', 'fly', { hostname: 'web' }, {}, 'FLAVOR_LACKS_FEATURE', /hostname .*stated by --hostname/],
  [
    'what prepare let stand and the flavor lacks', 'fly', {}, { pod: { needs: [{ feature: 'isolator-memory', statedBy: '--memory' }] } },
    'FLAVOR_LACKS_FEATURE', /isolator-memory/,
  ],
  ['a host name with a line feed', 'oci', { hostname: 'a\nb' }, {}, 'HOSTNAME_INVALID', /"a\\nb"/],
  ['a host name of 65 characters', 'oci', { hostname: 'a'.repeat(65) }, {}, 'HOSTNAME_INVALID', /64 at most/],
  ['a DNS option with a line feed', 'oci', dns({ options: ['a\nnameserver 6.6.6.6'] }), {}, 'DNS_INVALID', /cannot stand in resolv.conf/],
  [
    'an interactive pod of two apps', 'oci', { interactive: true }, { apps: ['a', 'b'] }, 'INTERACTIVE_ONE_APP',
    /interactive option only supports one image/,
  ],
  ['a pod without apps', 'oci', {}, { apps: [] }, 'POD_EMPTY', /pod must contain at least one application/],
] as [string, string, Partial<RunRequest>, Parameters<typeof plan>[2], ErrorCode, RegExp][]) {
  test(`refuses ${what}: ${code}`, () => {
    assert.throws(() => plan(flavor, said, more), (error) => {
      assert.ok(isRocketError(error, code), `${error}`)
      assert.match(error.message, words)
      return true
    })
  })
}

test(
  'a sandbox without apps starts', () => assert.deepEqual(plan('oci', {}, { apps: [], pod: { exitPolicy: 'sandbox' } }).start.streams, {}),
)

test('several apps write lines with their names, none reads', () => {
  const streams = { stdin: 'null', stdout: 'prefix', stderr: 'prefix' }
  assert.deepEqual(plan('oci', {}, { apps: ['a', 'b'] }).start.streams, { a: streams, b: streams })
})

test('an interactive app gets the terminal where there is one, else the streams as they are', () => {
  assert.deepEqual(plan('oci', { interactive: true }, { terminal: true }).start.streams['web'], {
    stdin: 'tty', stdout: 'tty', stderr: 'tty',
  })
  assert.deepEqual(plan('oci', { interactive: true }).start.streams['web'], { stdin: 'inherit', stdout: 'inherit', stderr: 'inherit' })
})

test('IPC is private, unless said otherwise or the flavor has only the host\'s', () => {
  assert.deepEqual(
    [plan('oci').start.ipc, plan('oci', { ipc: 'parent' }).start.ipc, plan('fly').start.ipc], ['private', 'parent', 'parent'],
  )
})

test('what prepare has let pass is recorded again, and not warned of again', () => {
  const needs = [{ feature: 'isolator-memory' as const, statedBy: '--memory' }]
  const planned = plan('fly', { hostname: 'web' }, { pod: { needs, flavorPolicy: 'warn' } })
  assert.deepEqual(planned.start.degraded, [...needs, { feature: 'hostname', statedBy: '--hostname' }])
  assert.equal(planned.warnings.length, 1)
})
