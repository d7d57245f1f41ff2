import assert from 'node:assert/strict'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import type { FlavorDeclaration, ImageRecord, Pod, Request, RunRequest } from '@rocket/contracts'
import { planStart } from './start/plan-start.ts'
import { appRequest, appSection, baseTree, DataDirectory, record, request, runRequest } from './testing/fixture.ts'

/** The documents that stage0 writes for a few pods are the examples of their contracts; ROCKET_UPDATE_EXAMPLES=1 writes them anew. */

const data = new DataDirectory({ base: baseTree, web: { 'srv/web/index.html': 'hello' } })
after(() => data.remove())
const update = process.env['ROCKET_UPDATE_EXAMPLES'] === '1'

const flavors: FlavorDeclaration[] = [
  {
    version: 1, name: 'oci', interface: 7, supervision: 'apps', namespaces: ['pid', 'network', 'ipc', 'uts'],
    features: [
      'apps-many', 'network-none', 'network-host', 'network-contained', 'ports', 'namespace-pid', 'hostname', 'dns', 'hosts', 'volume-host',
      'volume-empty',
      'read-only-root', 'tty', 'event-handlers', 'isolator-memory', 'isolator-cpu', 'isolator-capabilities', 'isolator-seccomp',
      'isolator-no-new-privileges',
      'enter', 'stop',
    ],
  },
  {
    version: 1, name: 'fly', interface: 7, supervision: 'apps', namespaces: [],
    features: ['network-host', 'ipc-parent', 'dns', 'hosts', 'volume-host', 'enter', 'stop'],
  },
]

interface Example {
  name: string
  asked: Request
  records: ImageRecord[]
  said: RunRequest
  terminal?: boolean
}

const web = record(2, {
  name: 'registry.example.com/web', format: 'oci', rootfs: ['store:layers/base', 'store:layers/web'],
  app: appSection({
    exec: ['web', '--port', '8080'], user: 'web', group: '', workingDirectory: '/srv/web',
    environment: [{ name: 'PATH', value: '/usr/bin' }, { name: 'MODE', value: 'production' }],
    mountPoints: [{ name: 'cache', path: '/var/cache/web', readOnly: false }],
    ports: [{ name: 'http', protocol: 'tcp', port: 8080, count: 1, socketActivated: false }],
    isolators: [{ name: 'os/linux/capabilities-retain-set', value: { set: ['CAP_NET_BIND_SERVICE'] } }],
    eventHandlers: [{ name: 'pre-start', exec: ['/bin/sh', '-c', 'true'] }], stopSignal: 'SIGQUIT', userLabels: { tier: 'front' },
  }),
})

const examples: Example[] = [
  { name: 'one-app', asked: request({ flavors }), records: [record(1)], said: runRequest() },
  {
    name: 'several-apps', records: [web, record(1)],
    asked: request({
      flavors, volumes: [
        { kind: 'host', name: 'etc', source: '/etc', readOnly: true }, { kind: 'empty', name: 'scratch', mode: '1777', uid: 80, gid: 81 },
      ],
      mounts: [{ volume: 'scratch', target: '/scratch' }], ports: [{ name: 'http', hostIp: '127.0.0.1', hostPort: 80 }],
      setEnvironment: [{ name: 'MODE', value: 'staging' }],
      apps: [
        appRequest({
          reference: 'docker://registry.example.com/web:2', isolators: { memory: '256Mi', cpu: '500m' },
          environment: [{ name: 'LOG', value: 'debug' }],
        }),
        appRequest({
          name: 'helper', args: ['-c', 'sleep 600'], mounts: [{ volume: 'etc', target: '/host/etc' }], readOnlyRoot: true, isolators: {
            seccomp: 'mode=remove,errno=EPERM,mount,umount2',
          },
          annotations: [{ name: 'example.com/owner', value: 'team' }],
        }),
      ],
    }),
    said: runRequest({
      networks: [{ name: 'default' }, { name: 'storage', args: 'IP=10.0.0.5' }], hostname: 'web-1',
      dns: { mode: 'given', nameservers: ['10.0.0.2'], search: ['example.com'], options: ['ndots:2'] },
      hosts: { mode: 'given', entries: [{ ip: '10.0.0.9', names: ['db', 'db.example.com'] }] },
    }),
  },
  {
    name: 'degraded', records: [record(1)], terminal: true,
    asked: request({ flavors, flavor: 'fly', flavorPolicy: 'warn', apps: [appRequest({ isolators: { memory: '64M' } })] }),
    said: runRequest({ interactive: true, networks: [{ name: 'none' }] }),
  },
  {
    name: 'sandbox', records: [], asked: request({ flavors, apps: [], exitPolicy: 'sandbox' }),
    said: runRequest({ networks: [{ name: 'none' }], ociRuntime: 'crun' }),
  },
]

for (const { name, asked, records, said, terminal } of examples) {
  test(`the documents of the pod ${name} are as the examples say`, () => {
    const plan = data.plan(asked, records)
    const { start } = planStart({
      pod: plan.pod, apps: plan.apps, request: said, startedAt: '2026-11-23T12:00:02.000Z', isTerminal: () => terminal ?? false,
    })
    check('request', name, asked)
    check('pod', name, plan.pod)
    for (const app of plan.apps) check('app', plan.apps.length > 1 ? `${name}-${app.app}` : name, app)
    check('run-request', name, said)
    check('start', name, start)
  })
}

function check(folder: string, name: string, value: Request | Pod | object): void {
  const directory = join(import.meta.dirname, '../../contracts/src', folder, 'examples')
  const file = join(directory, `${name}.json`)
  const text = `${JSON.stringify(value, undefined, 2)}\n`
  if (update) {
    mkdirSync(directory, { recursive: true })
    writeFileSync(file, text)
  }
  assert.deepEqual(JSON.parse(readFileSync(file, 'utf8')), JSON.parse(text), file)
}
