import assert from 'node:assert/strict'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { checkDocument } from '@rocket/contracts'
import { findImageByName } from '@rocket/store'
import { makeWorkshop, type Workshop } from './testing/fetch-in.ts'
import { makeAci } from './testing/make-aci.ts'
import { makeLayout } from './testing/make-layout.ts'

const contracts = join(import.meta.dirname, '../../contracts/src')
const reproducible = [
  '--mtime=@1500000000', '--owner=0', '--group=0', '--numeric-owner', '--sort=name', '--mode=u=rwX,go=rX', '--format=ustar',
]

/** Compares a document we wrote with the example that its readers are tested with; UPDATE_EXAMPLES=1 writes the example instead. */
function matchesExample(workshop: Workshop, document: unknown, name: string): void {
  const text = `${JSON.stringify(document, undefined, 2)}\n`
    .replaceAll(workshop.directory, '/home/user').replaceAll(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/g, '2026-11-23T12:00:00.000Z')
    .replaceAll(/00000000-0000-4000-8000-0{11}\d/g, '6c3a1e02-54f0-4c3f-9d5e-2a9f43f0b1d7')
  const path = join(contracts, name)
  if (process.env['UPDATE_EXAMPLES'] === '1') writeFileSync(path, text)
  assert.equal(text, readFileSync(path, 'utf8'), name)
}

test('the documents of an ACI are those of the examples', {
  skip: process.arch === 'x64' ? false : 'the examples are of amd64',
}, async (t) => {
  const workshop = makeWorkshop(t)
  const [aci] = await workshop.fetch([makeAci(workshop.directory, 'true.aci', {}, ...reproducible)])
  matchesExample(workshop, aci, 'image-record/examples/aci.json')
  const ref = findImageByName(workshop.store, 'example.com/true', [])!.ref
  matchesExample(workshop, { ...ref, lastUsedAt: ref.importedAt }, 'refs/name-ref/examples/file.json')
  matchesExample(workshop, readJson(workshop.store.directory, 'evidence', aci!.imageId, '1.json'), 'evidence/examples/waived.json')
  const [pin] = readdirSync(join(workshop.store.directory, 'refs/pods'))
  matchesExample(workshop, readJson(workshop.store.directory, 'refs/pods', pin!), 'refs/pod-ref/examples/one-image.json')
  matchesExample(
    workshop, readJson(workshop.directory, 'data/pods/prepare', pin!.replace('.json', ''), 'images.json'), 'images/examples/one-app.json',
  )
})

test('the documents of an OCI image are those of the examples', {
  skip: process.arch === 'x64' ? false : 'the examples are of amd64',
}, async (t) => {
  const workshop = makeWorkshop(t)
  const layers = ['base', 'top'].map((name) => {
    const directory = join(workshop.directory, name)
    mkdirSync(join(directory, 'etc'), { recursive: true })
    writeFileSync(join(directory, 'etc', name), name)
    return directory
  })
  const config = {
    User: '1000:1000', Env: ['PATH=/usr/bin:/bin'], Entrypoint: ['/bin/server'], Cmd: ['--port=80'], ExposedPorts: { '80/tcp': {} },
    Volumes: { '/data': {} }, StopSignal: 'SIGQUIT',
  }
  const layout = makeLayout(
    join(workshop.directory, 'server'), layers, { compression: 'none', config, tag: 'v1', tarOptions: reproducible },
  )
  const [record, same] = await workshop.fetch([`oci:${layout.directory}:v1`, `oci:${layout.directory}`])
  assert.equal(same!.imageId, record!.imageId)
  matchesExample(workshop, record, 'image-record/examples/oci.json')
  const ref = findImageByName(workshop.store, 'server', [{ name: 'version', value: 'v1' }])!.ref
  matchesExample(workshop, { ...ref, lastUsedAt: ref.importedAt, http: undefined }, 'refs/name-ref/examples/layout.json')
})

function readJson(...path: string[]): unknown {
  return JSON.parse(readFileSync(join(...path), 'utf8'))
}

for (const [kind, folder] of [
  ['ImageRecord', 'image-record'], ['NameRef', 'refs/name-ref'], ['PodRef', 'refs/pod-ref'], ['Evidence', 'evidence'], ['Images', 'images'],
] as const) {
  test(`the invalid examples of ${kind} are refused`, () => {
    const directory = join(contracts, folder, 'examples/_invalid')
    for (const name of readdirSync(directory)) assert.throws(() => checkDocument(kind, readJson(directory, name), name), name)
  })
}
