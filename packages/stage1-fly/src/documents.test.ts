import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { isRocketError, parseDocument, type AppRun, type DocumentKind, type DocumentTypes, type Run } from '@rocket/contracts'
import type { StageContext } from '@rocket/host'
import { create } from './create.ts'
import { planMounts } from './fly-mounts.ts'
import { formatSpec, planSpec } from './spec.ts'
import { planVectors } from './vectors.ts'

const contracts = join(import.meta.dirname, '../../contracts/src')

function example<K extends DocumentKind>(kind: K, path: string): DocumentTypes[K] {
  return parseDocument(kind, readFileSync(join(contracts, path), 'utf8'), path)
}

/** `UPDATE_GOLDENS=1` writes the example anew. */
function assertExample(path: string, document: Run | AppRun): void {
  const text = `${JSON.stringify(document, undefined, 2)}\n`
  if (process.env['UPDATE_GOLDENS'] !== undefined) writeFileSync(join(contracts, path), text)
  assert.equal(readFileSync(join(contracts, path), 'utf8'), text)
}

const app = example('App', 'app/examples/degraded.json')
const start = example('Start', 'start/examples/degraded.json')

/** What a stage sees of a pod with these apps. */
function contextWith(apps: readonly string[]): StageContext {
  const documents: Partial<Record<DocumentKind, unknown>> = {
    Start: start, Net: example('Net', 'net/examples/host.json'), Sandbox: example('Sandbox', 'sandbox/examples/degraded.json'),
  }
  const files = { read: (kind: DocumentKind) => documents[kind], apps: () => [...apps] }
  return {
    uuid: app.uuid, podDirectory: '/pod', storeDirectory: '/store', files, warn: () => {}, debug: () => {},
  } as unknown as StageContext
}

test("what create writes is the contract's example", () => {
  assertExample('run/examples/degraded.json', create.plan(contextWith([app.app])).run)
})

test("what create-app writes is the contract's example", () => {
  assertExample('app-run/examples/degraded.json', {
    version: 1, uuid: app.uuid, app: app.app, instance: app.instance, ...planVectors(
      app.app, '/usr/lib/rkt/native/fly-exec'
    ), handlers: {}, terminal: 'inherit', cleanup: [],
  })
})

test('more than one app is refused', () => {
  assert.throws(
    () => create.plan(contextWith(['one', 'two'])), (error) => isRocketError(error, 'APPS_TOO_MANY') && error.message.includes('one, two')
  )
})

test("the host's directories come first, then /tmp, volumes, files below /etc; a volume is recursive only when told so", () => {
  const volume = (name: string, recursive?: boolean): DocumentTypes['App']['mounts'][number] =>
    (
      {
        volume: name, kind: 'host', source: '/usr', target: `/${name}`, readOnly: true, device: false,
        ...(recursive === undefined ? {} : { recursive }),
      }
    )
  const etc = [{ target: '/etc/hosts', source: 'pod:stage1/rootfs/etc/hosts-fallback', onlyIfAbsent: true, readOnly: false }]
  const mounts = planMounts({ ...app, mounts: [volume('one'), volume('two', true)] }, etc, '/pod')
  assert.deepEqual(mounts.map(({ source, target, recursive, readOnly }) => [source, target, recursive, readOnly]), [
    ['/dev', '/dev', true, false], ['/proc', '/proc', true, false], ['/sys', '/sys', true, false], ['tmpfs', '/tmp', false, false],
    ['/usr', '/one', false, true], ['/usr', '/two', true, true], ['/pod/stage1/rootfs/etc/hosts-fallback', '/etc/hosts', false, false],
  ])
})

test('a volume without its source is refused', () => {
  const mounts = [{ volume: 'gone', kind: 'host' as const, source: '/no/such', target: '/gone', readOnly: false, device: false }]
  assert.throws(() => planMounts({ ...app, mounts }, [], '/pod'), (error) => isRocketError(error, 'VOLUME_SOURCE_MISSING'))
})

test('the spec lists the primary group first and every word as it is; a NUL in one is refused', () => {
  const spec = planSpec(
    { ...app, exec: ['/a', '', 'b c\n'], environment: [{ name: 'K', value: '=' }], user: { uid: 1, gid: 2, supplementaryGids: [3, 2] } },
    '/root', ['/cg'],
  )
  assert.equal(
    formatSpec(spec),
    [
      'fly-exec 1', '/root', app.workingDirectory, 1, 2, 2, 2, 3, 1, '/cg', 3, '/a', '', 'b c\n', 1, 'K==',
    ].map((word) => `${word}\0`).join(''),
  )
  assert.throws(() => formatSpec({ ...spec, argv: ['a\0b'] }))
})
