import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import type { OciImageConfig } from '@rocket/contracts'
import { documents, parseImageManifest } from '@rocket/contracts/schemas'
import { normaliseAci } from './normalise-aci.ts'
import { appcArchitecture, type Normalised, normaliseOci } from './normalise-oci.ts'
import { hasCode } from './testing/has-code.ts'

const digest = `sha256:${'a'.repeat(64)}`

function normalise(config: NonNullable<OciImageConfig['config']>, more: Partial<OciImageConfig> = {}): Normalised {
  const normalised = normaliseOci(
    { architecture: 'amd64', os: 'linux', rootfs: { type: 'layers', diff_ids: [] }, config, ...more },
    {
      name: 'registry-1.docker.io/library/web',
      tag: '1.2',
      manifestDigest: digest,
      configDigest: digest,
      annotations: { 'run.oci.hooks': 'x' },
    },
  )
  documents.ImageRecord.shape.manifest.parse(normalised.manifest)
  return normalised
}

test('a docker configuration becomes what rkt made of it', () => {
  const { manifest, warnings } = normalise(
    {
      User: 'web:www',
      ExposedPorts: { '8000-8002/udp': {}, '80/tcp': {}, '443': {} },
      Env: ['PATH=/bin', 'A=1', 'A=2', 'EMPTY='],
      Entrypoint: ['/bin/web'],
      Cmd: ['--port', '80'],
      Volumes: { '/var/lib/Web_data/': {}, '/data': {} },
      WorkingDir: 'srv/./x/..',
      Labels: { tier: 'front' },
      StopSignal: 'quit',
    },
    { created: '2026-01-02T03:04:05Z', author: 'A' },
  )
  assert.deepEqual(warnings, [])
  assert.equal(manifest.name, 'registry-1.docker.io/library/web')
  assert.deepEqual(manifest.labels, [
    { name: 'version', value: '1.2' },
    { name: 'os', value: 'linux' },
    { name: 'arch', value: 'amd64' },
  ])
  const { app } = manifest
  assert.deepEqual(app?.exec, ['/bin/web', '--port', '80'])
  assert.deepEqual([app.user, app.group, app.workingDirectory, app.stopSignal], ['web', 'www', '/srv', 'SIGQUIT'])
  assert.deepEqual(app.environment, [
    { name: 'PATH', value: '/bin' },
    { name: 'A', value: '2' },
    { name: 'EMPTY', value: '' },
  ])
  assert.deepEqual(
    app.ports.map(({ name, port, count }) => [name, port, count]),
    [
      ['80-tcp', 80, 1],
      ['443-tcp', 443, 1],
      ['8000-8002-udp', 8000, 3],
    ],
  )
  assert.deepEqual(
    app.mountPoints.map(({ name, path }) => [name, path]),
    [
      ['volume-data', '/data'],
      ['volume-var-lib-web-data', '/var/lib/Web_data'],
    ],
  )
  assert.deepEqual(
    manifest.annotations.filter(({ name }) => /created|authors|cmd/.test(name)),
    [
      { name: 'created', value: '2026-01-02T03:04:05Z' },
      { name: 'authors', value: 'A' },
      { name: 'appc.io/docker/cmd', value: '["--port","80"]' },
    ],
  )
})

test('an empty configuration is root in the root directory', () => {
  const { app } = normalise({
    User: '',
    Entrypoint: null,
    Cmd: ['sh'],
    WorkingDir: '',
    Env: null,
    Volumes: null,
    ExposedPorts: null,
    Labels: null,
  }).manifest
  assert.deepEqual([app?.user, app?.group, app?.workingDirectory, app?.exec], ['0', '0', '/', ['sh']])
})

test('C1: only NAME=value reaches the environment, a newline stays inside its value', () => {
  process.env['SECRET'] = 'of the host'
  const { manifest, warnings } = normalise({ Env: ['SECRET', '*', '=x', 'A=1\nB=2', 'B\0=1', '1A=x', '__proto__=x', 'OK=a=b'] })
  assert.deepEqual(manifest.app?.environment, [
    { name: 'A', value: '1\nB=2' },
    { name: '__proto__', value: 'x' },
    { name: 'OK', value: 'a=b' },
  ])
  assert.equal(warnings.length, 5)
})

for (const [volume, path] of [
  ['/../../../../etc/', '/etc'],
  ['//data//x/', '/data/x'],
  ['data', '/data'],
  ['/a/../../b', '/b'],
  ['/dev/shm', '/dev/shm'],
] as const) {
  test(`C4: the volume ${volume} is mounted at ${path}`, () =>
    assert.equal(normalise({ Volumes: { [volume]: {} } }).manifest.app?.mountPoints[0]?.path, path))
}
for (const volume of ['/', '', '/proc', '/dev/', '/sys', '/proc/sys/kernel', '/x/../proc', '//', '/..', '/a\0b']) {
  test(`C4: refuses a volume at ${JSON.stringify(volume)}`, () =>
    assert.throws(() => normalise({ Volumes: { [volume]: {} } }), hasCode('IMAGE_CONFIG_INVALID')))
}
test('volumes whose paths give the same name, a long one or none get names of their own', () => {
  const points = normalise({ Volumes: { '/a/b': {}, '/a-b': {}, [`/${'x'.repeat(400)}`]: {}, '/\u6570': {} } }).manifest.app!.mountPoints
  assert.equal(new Set(points.map(({ name }) => name)).size, 4)
})

test('C5: labels and annotations of the image stay user labels and annotations', () => {
  const { manifest } = normalise({
    Labels: { 'coreos.com/rkt/stage1/run': '/evil', 'appc.io/executor/supports-systemd-notify': 'true', 'io.x.logger': 'binary:///evil' },
  })
  assert.equal(
    manifest.annotations.some(({ name, value }) => /stage1|systemd-notify|hooks/.test(name) || value.includes('evil')),
    false,
  )
  assert.equal(manifest.app?.userLabels['io.x.logger'], 'binary:///evil')
  assert.equal(manifest.app?.userAnnotations['run.oci.hooks'], 'x')
})

for (const user of [
  '4294967296',
  '4294967295',
  '-1',
  '0x0',
  '+0',
  '1000:99999999999',
  '1000:-1',
  ' 0',
  '0 ',
  '1e3',
  '../0',
  '/etc/passwd',
  'a\n',
  'a:b:c',
  '\u0660',
  '18446744073709551616',
]) {
  test(`C6: refuses the user ${JSON.stringify(user)}`, () =>
    assert.throws(() => normalise({ User: user }), hasCode('IMAGE_CONFIG_INVALID')))
}
for (const [user, want] of [
  ['1000', ['1000', '']],
  ['007', ['7', '']],
  ['1000:1000', ['1000', '1000']],
  ['web', ['web', '']],
  ['www-data:', ['www-data', '']],
  [':5', ['0', '5']],
  ['4294967294', ['4294967294', '']],
] as const)
  test(`C6: the user ${user} is ${want.join(':')}`, () => {
    const { app } = normalise({ User: user }).manifest
    assert.deepEqual([app?.user, app?.group], want)
  })

for (const [text, want] of [
  ['SIGTERM', 'SIGTERM'],
  ['15', 'SIGTERM'],
  ['rtmin+3', 'SIGRTMIN+3'],
  ['37', 'SIGRTMIN+3'],
  ['SIGRTMAX-2', 'SIGRTMAX-2'],
  ['NOPE', undefined],
  ['99', undefined],
] as const) {
  test(`the stop signal ${text} is ${want}`, () => assert.equal(normalise({ StopSignal: text }).manifest.app?.stopSignal, want))
}

test('a port that cannot be understood is left out and told', () => {
  const { manifest, warnings } = normalise({
    ExposedPorts: { '0/tcp': {}, '70000/tcp': {}, '$(x)/tcp': {}, '20-10/tcp': {}, '53/udp': {} },
  })
  assert.deepEqual(
    manifest.app?.ports.map(({ name }) => name),
    ['53-udp'],
  )
  assert.equal(warnings.length, 4)
})

test('architectures have their appc names', () => {
  assert.deepEqual(
    [
      ['amd64', undefined],
      ['386', undefined],
      ['arm64', 'v8'],
      ['arm', 'v6'],
      ['arm', 'v7'],
      ['arm', undefined],
      ['riscv64', undefined],
    ].map(([name, variant]) => appcArchitecture(name!, variant)),
    ['amd64', 'i386', 'aarch64', 'armv6l', 'armv7l', 'armv7l', 'riscv64'],
  )
})

const examples = new URL('../../contracts/src/appc/image-manifest/examples/', import.meta.url)
for (const file of readdirSync(examples).filter((name) => name.endsWith('.json'))) {
  test(`the appc manifest ${file} normalises to what a record accepts`, () => {
    documents.ImageRecord.shape.manifest.parse(normaliseAci(parseImageManifest(readFileSync(new URL(file, examples)))).manifest)
  })
}
test('an appc manifest gets its defaults, and the same refusals', () => {
  const parse = (app: object): Normalised =>
    normaliseAci(
      parseImageManifest(
        JSON.stringify({
          acKind: 'ImageManifest',
          acVersion: '0.8.11',
          name: 'a.b/c',
          app: { user: '/etc/x', group: 'root', ...app },
        }),
      ),
    )
  assert.deepEqual(
    parse({ ports: [{ name: 'a', protocol: 'tcp', port: 1 }], mountPoints: [{ name: 'm', path: '/x/../../m' }] }).manifest.app,
    {
      exec: [],
      user: '/etc/x',
      group: 'root',
      supplementaryGids: [],
      workingDirectory: '/',
      environment: [],
      mountPoints: [{ name: 'm', path: '/m', readOnly: false }],
      ports: [{ name: 'a', protocol: 'tcp', port: 1, count: 1, socketActivated: false }],
      isolators: [],
      eventHandlers: [],
      userAnnotations: {},
      userLabels: {},
    },
  )
  for (const app of [
    { user: '-1' },
    { group: '4294967295' },
    { mountPoints: [{ name: 'm', path: '/proc' }] },
    { eventHandlers: [{ name: 'pre-start', exec: [] }] },
  ]) {
    assert.throws(() => parse(app), hasCode('IMAGE_CONFIG_INVALID'))
  }
})
