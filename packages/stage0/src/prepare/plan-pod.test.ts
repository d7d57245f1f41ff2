import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { chownSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { formatPodManifest, type App, type NormalisedApp } from '@rocket/contracts'
import { parseImageManifest, parsePodManifest } from '@rocket/contracts/schemas'
import { appRequest, appSection, baseTree, DataDirectory, program, record, request } from '../testing/fixture.ts'

const data = new DataDirectory({ base: { ...baseTree, 'opt/only': program, 'srv/web/run': program } })
after(() => data.remove())
const isRoot = process.getuid?.() === 0

function app(
  asked: Parameters<typeof appRequest>[0] = {}, image: Partial<NormalisedApp> = {}, more: Parameters<typeof record>[1] = {},
): App {
  return data.plan(request({ apps: [appRequest(asked)] }), [record(1, { app: appSection(image), ...more })]).apps[0] as App
}

for (const [what, asked, image, expected] of [
  ['the vector of the image', {}, { exec: ['/bin/sh', '-c', 'true'] }, ['/bin/sh', '-c', 'true']],
  ['arguments behind it', { args: ['a', '--b'] }, { exec: ['/bin/sh'] }, ['/bin/sh', 'a', '--b']],
  ['--exec instead of all of it', { exec: 'web', args: ['x'] }, { exec: ['/bin/sh', '-c'] }, ['/usr/bin/web', 'x']],
  ['a name in the default places', {}, { exec: ['web'] }, ['/bin/web']],
  [
    'a name in PATH, empty and relative places from the working directory', {},
    { exec: ['run'], workingDirectory: '/srv', environment: [{ name: 'PATH', value: ':web' }] }, ['/srv/web/run'],
  ],
  ['a relative path from the working directory', {}, { exec: ['./web/run'], workingDirectory: '/srv' }, ['/srv/web/run']],
] as const) test(`exec: ${what}`, () => {
  const pathGiven = what.startsWith('--exec') ? { environment: [{ name: 'PATH', value: '/usr/bin' }] } : {}
  assert.deepEqual(app(asked as never, { ...image, ...pathGiven } as never).exec, expected)
})

test('exec: a program that only a volume has is found in it', () => {
  const plan = data.plan(
    request({
      apps: [appRequest({ exec: '/tools/run', mounts: [{ volume: 'tools', target: '/tools' }] })],
      volumes: [{ kind: 'host', name: 'tools', source: join(data.store, 'layers/base/srv/web') }],
    }),
    [record(1)],
  )
  assert.equal(plan.apps[0]?.exec[0], '/tools/run')
})

for (const [user, group, format, expected] of [
  ['0', '0', 'aci', { uid: 0, gid: 0, supplementaryGids: [] }],
  ['root', '', 'aci', { uid: 0, gid: 0, supplementaryGids: [] }],
  ['web', '', 'aci', { uid: 80, gid: 81, supplementaryGids: [] }],
  ['web', '', 'oci', { uid: 80, gid: 81, supplementaryGids: [90] }],
  ['web', 'log', 'oci', { uid: 80, gid: 90, supplementaryGids: [] }],
  ['80', '', 'oci', { uid: 80, gid: 81, supplementaryGids: [90] }],
  ['1234', '', 'oci', { uid: 1234, gid: 0, supplementaryGids: [] }],
  ['4294967294', '7', 'aci', { uid: 4294967294, gid: 7, supplementaryGids: [] }],
] as const) test(`user ${user} and group ${JSON.stringify(group)} of an image in ${format}`, () => {
  assert.deepEqual(app({}, { user, group }, { format }).user, expected)
})

test('a user can be the owner of a file of the image', { skip: isRoot ? false : 'changing owners needs root' }, () => {
  chownSync(join(data.store, 'layers/base/opt/only'), 1001, 1002)
  assert.deepEqual(app({ user: '/opt/only', group: '/opt/only', supplementaryGids: [5, 5] }).user, {
    uid: 1001, gid: 1002, supplementaryGids: [5],
  })
})

test('apps of appc images find root\'s names as in rkt, those of OCI images their own', () => {
  const home = (one: App): string | undefined => one.environment.find(({ name }) => name === 'HOME')?.value
  assert.equal(home(app({}, { user: 'web' }, { format: 'aci' })), '/root')
  assert.equal(home(app({}, { user: 'web' }, { format: 'oci' })), '/srv/web')
  assert.equal(home(app({}, { user: '1234' }, { format: 'oci' })), '/')
})

test('a library image runs with --exec, as the caller', () => {
  const plan = data.plan(
    request({ apps: [appRequest({ exec: '/bin/sh' })], caller: { uid: 1000, gid: 100 } }), [record(1, { app: undefined })],
  )
  assert.deepEqual(plan.apps[0]?.user, { uid: 1000, gid: 100, supplementaryGids: [] })
})

for (const [signal, number] of [[undefined, 15], ['SIGQUIT', 3], ['SIGRTMIN+3', 37], ['SIGRTMAX-1', 63], ['SIGRTMIN', 34]] as const) {
  test(
    `the stop signal ${signal ?? 'of nobody'} is ${number}`,
    () => assert.equal(app({}, signal === undefined ? {} : { stopSignal: signal }).stopSignal, number),
  )
}

test('mounts: an app\'s own beat the pod\'s at one place, and say who may write', () => {
  const plan = data.plan(request({
    volumes: [
      { kind: 'host', name: 'own', source: '/usr' }, { kind: 'host', name: 'all', source: '/var', readOnly: false },
      { kind: 'empty', name: 'cache', recursive: false },
    ],
    mounts: [{ volume: 'all', target: '/data' }, { volume: 'all', target: '/more' }],
    apps: [appRequest({ mounts: [{ volume: 'own', target: '/data' }] })],
  }), [record(1, { app: appSection({
    mountPoints: [
      { name: 'own', path: '/elsewhere', readOnly: true }, { name: 'cache', path: '/var/cache', readOnly: true },
      { name: 'more', path: '/more', readOnly: true },
    ],
  }) })])
  assert.deepEqual(plan.apps[0]?.mounts, [
    { volume: 'own', kind: 'host', source: '/usr', target: '/data', readOnly: true, device: false },
    { volume: 'own', kind: 'host', source: '/usr', target: '/elsewhere', readOnly: true, device: false },
    { volume: 'all', kind: 'host', source: '/var', target: '/more', readOnly: false, device: false },
    {
      volume: 'cache', kind: 'empty', source: 'pod:sharedVolumes/cache', target: '/var/cache', readOnly: true, recursive: false,
      device: false,
    },
  ])
  assert.deepEqual(plan.volumes, [{ name: 'cache', mode: 0o755, uid: 0, gid: 0 }])
})

test('mounts: a device node is a device', () => {
  const plan = data.plan(
    request({
      volumes: [{ kind: 'host', name: 'null', source: '/dev/null' }],
      apps: [appRequest({ mounts: [{ volume: 'null', target: '/dev/nothing' }] })],
    }),
    [record(1)],
  )
  assert.equal(plan.apps[0]?.mounts[0]?.device, true)
  assert.deepEqual(plan.pod.needs, [{ feature: 'devices', statedBy: '--volume null' }])
})

test('mounts: every parent comes before what lies below it, whatever the order of the command line', () => {
  const target = fc.array(fc.constantFrom('a', 'b', 'a-b', 'c'), { minLength: 1, maxLength: 4 }).map((parts) => `/m/${parts.join('/')}`)
  fc.assert(fc.property(fc.uniqueArray(target, { maxLength: 8 }), (targets) => {
    const plan = data.plan(
      request({
        volumes: [{ kind: 'empty', name: 'v' }], apps: [appRequest({ mounts: targets.map((one) => ({ volume: 'v', target: one })) })],
      }),
      [record(1)],
    )
    const order = plan.apps[0]?.mounts.map((mount) => mount.target) ?? []
    assert.deepEqual([...order].sort(), [...targets].sort())
    for (const [index, one] of order.entries()) {
      for (const earlier of order.slice(0, index)) assert.ok(!earlier.startsWith(`${one}/`), `${earlier} before ${one}`)
    }
  }), { numRuns: 50 })
})

test('implicit volumes have names of their own, and those of OCI images begin with its content', () => {
  const point = (name: string, path: string): NormalisedApp['mountPoints'][number] => ({ name, path, readOnly: false })
  const plan = data.plan(
    request({ apps: [appRequest({ name: 'a' }), appRequest({ name: 'a-b' })], volumes: [{ kind: 'empty', name: 'a-x' }] }),
    [
      record(1, { format: 'oci', app: appSection({ mountPoints: [point('x', '/srv'), point('b-c', '/none')] }) }),
      record(2, { app: appSection({ mountPoints: [point('c', '/srv')] }) }),
    ],
  )
  assert.deepEqual(plan.pod.volumes.map(({ name }) => name), ['a-x', 'a-x-0', 'a-b-c', 'a-b-c-0'])
  assert.deepEqual(plan.fills.map(({ volume, path }) => [volume, path]), [['a-x-0', '/srv']])
})

test('a pod without apps is valid', () => {
  const plan = data.plan(request({ apps: [], exitPolicy: 'sandbox' }), [])
  assert.deepEqual(plan.apps, [])
  assert.deepEqual(JSON.parse(formatPodManifest(plan.views.pod)), {
    acVersion: '1.30.0', acKind: 'PodManifest', apps: null, volumes: null, isolators: null,
    annotations: [{ name: 'coreos.com/rkt/stage1/mutable', value: 'true' }], ports: null,
  })
})

test('needs are stated once each; with the policy warn they are said and let pass', () => {
  const asked = request({
    flavor: 'fly', flavorPolicy: 'warn',
    apps: [appRequest({ readOnlyRoot: true, isolators: { memory: '64M' } }), appRequest({ name: 'b', readOnlyRoot: true })],
  })
  const plan = data.plan(asked, [record(1), record(1)])
  assert.deepEqual(plan.pod.needs, [
    { feature: 'read-only-root', statedBy: '--readonly-rootfs' }, { feature: 'isolator-memory', statedBy: '--memory' },
    { feature: 'apps-many', statedBy: '2 images' },
  ])
  assert.equal(plan.warnings.length, 3)
  assert.match(plan.warnings[1] ?? '', /^warning: flavor fly lacks isolator-memory .*stated by --memory; going without$/)
})

test('the pod manifest is rkt\'s: overrides in the app section, words as they were said', () => {
  const plan = data.plan(request({
    volumes: [{ kind: 'host', name: 'v', source: '/usr' }], ports: [{ name: 'http', hostIp: '127.0.0.1', hostPort: 8080 }],
    apps: [appRequest({
      exec: 'web', args: ['x'], user: 'web', mounts: [{ volume: 'v', target: '/data' }], environment: [{ name: 'A', value: 'b' }],
      isolators: { memory: '64M', capsRetain: ['CAP_KILL'] }, readOnlyRoot: true,
    })],
  }), [record(1, { app: appSection({
    ports: [{ name: 'http', protocol: 'tcp', port: 80, count: 1, socketActivated: false }],
    isolators: [
      { name: 'os/linux/capabilities-remove-set', value: { set: ['CAP_KILL'] } }, { name: 'resource/memory', value: { limit: '1G' } },
    ],
  }) })])
  assert.deepEqual(JSON.parse(formatPodManifest(plan.views.pod)), {
    acVersion: '1.30.0', acKind: 'PodManifest',
    apps: [{
      name: 'shell',
      image: { name: 'example.com/shell', id: `sha512-${'1'.repeat(64)}`, labels: record(1).manifest.labels },
      app: {
        exec: ['web', 'x'], user: 'web', group: '0', environment: [{ name: 'A', value: 'b' }],
        ports: [{ name: 'http', protocol: 'tcp', port: 80, count: 1, socketActivated: false }],
        isolators: [
          { name: 'resource/memory', value: { limit: '1G' } }, { name: 'os/linux/capabilities-retain-set', value: { set: ['CAP_KILL'] } },
          { name: 'resource/memory', value: { default: false, request: '64M', limit: '64M' } },
        ],
      },
      readOnlyRootFS: true, mounts: [{ volume: 'v', path: '/data' }],
    }],
    volumes: [{ kind: 'host', name: 'v', source: '/usr' }], isolators: null,
    annotations: [{ name: 'coreos.com/rkt/stage1/mutable', value: 'false' }],
    ports: [{ name: 'http', hostPort: 8080, hostIP: '127.0.0.1' }],
  })
})

test('the views keep the rules of appc, also where an OCI image says what appc cannot', () => {
  const image = record(1, {
    format: 'oci',
    app: appSection({
      group: '', environment: [{ name: 'not appc', value: 'x' }, { name: 'A', value: 'b' }],
      mountPoints: [{ name: 'x', path: '/x', readOnly: true }],
    }),
  })
  const plan = data.plan(
    request({
      volumes: [{ kind: 'empty', name: 'v', mode: '0700', uid: 1 }],
      apps: [appRequest({ isolators: { memory: '64M', seccomp: 'mode=retain,errno=EPERM,read,write' } })],
    }),
    [image],
  )
  assert.equal(parsePodManifest(formatPodManifest(plan.views.pod), 'pod').apps?.length, 1)
  assert.deepEqual(parseImageManifest(JSON.stringify(plan.views.images['shell']), 'manifest').app?.environment, [{ name: 'A', value: 'b' }])
  assert.ok(plan.apps[0]?.environment.some(({ name }) => name === 'not appc'), 'the app gets it all the same')
})
