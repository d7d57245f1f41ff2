import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { spawnSync } from 'node:child_process'
import { cpSync, lstatSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DataDirectory, appRequest, appSection, record, request, baseTree, uuid } from './testing/fixture.ts'
import { prepare } from './prepare.ts'

const data = new DataDirectory({ base: { ...baseTree, 'var/cache/seed.txt': 'from the image' } })
after(() => data.remove())

const asked = request({
  volumes: [{ kind: 'empty', name: 'scratch', mode: '1777', uid: 80, gid: 81 }],
  apps: [
    appRequest({ mounts: [{ volume: 'scratch', target: '/scratch' }] }), appRequest({ reference: 'docker://example.com/web', name: 'web' }),
  ],
})
const records = [
  record(1), record(2, {
    name: 'example.com/web', format: 'oci',
    app: appSection({ exec: ['web'], user: 'web', group: '', mountPoints: [{ name: 'cache', path: '/var/cache', readOnly: false }] }),
  }),
]

test('prepare leaves documents, views, directories and volumes, and nothing that it did not plan', async () => {
  const context = data.makePod('prepare', asked, records)
  const warnings: string[] = []
  context.warn = (message) => void warnings.push(message)
  await prepare.apply(prepare.plan(context), context)
  assert.deepEqual(listTree(context.podDirectory), [
    'apps/', 'apps/shell/', 'apps/shell/app.json', 'apps/shell/image.json', 'apps/web/', 'apps/web/app.json', 'apps/web/image.json',
    'appsinfo/', 'appsinfo/shell/', 'appsinfo/shell/manifest', 'appsinfo/web/', 'appsinfo/web/manifest', 'images.json', 'pod', 'pod-created',
    'pod.json', 'request.json', 'sharedVolumes/', 'sharedVolumes/scratch/', 'sharedVolumes/web-cache/', 'sharedVolumes/web-cache/seed.txt',
  ])
  const stored = readFileSync(join(data.store, 'images', `${records[1]?.imageId}.json`))
  assert.deepEqual(readFileSync(join(context.podDirectory, 'apps/web/image.json')), stored, 'the record is copied byte for byte')
  const scratch = lstatSync(join(context.podDirectory, 'sharedVolumes/scratch'))
  assert.equal(scratch.mode & 0o7777, 0o1777)
  if (process.getuid?.() === 0) assert.deepEqual([scratch.uid, scratch.gid], [80, 81])
  assert.equal(warnings.length, 1)
  assert.match(warnings[0] ?? '', /^warning: no volume specified for mount point "cache", implicitly creating an "empty" volume/)
  assert.deepEqual([...context.files.digestsRead.keys()], [
    'request.json', 'images.json', ...records.map(({ imageId }) => `store:images/${imageId}.json`),
  ])
  assert.deepEqual([...context.files.digestsWritten.keys()], [
    'apps/shell/image.json', 'apps/shell/app.json', 'apps/web/image.json', 'apps/web/app.json', 'pod.json',
  ])
})

test('prepare can be run again over what an interrupted attempt left', async () => {
  const context = data.makePod('again', asked, records)
  await prepare.apply(prepare.plan(context), context)
  const before = listTree(context.podDirectory)
  const second = data.context(context.podDirectory)
  await prepare.apply(prepare.plan(second), second)
  assert.deepEqual(listTree(context.podDirectory), before)
})

test('the program and the in-process path leave the same files', async () => {
  const inside = data.makePod('inside', asked, records)
  const outside = join(data.path, 'pods/outside', uuid)
  mkdirSync(join(data.path, 'pods/outside'))
  cpSync(inside.podDirectory, outside, { recursive: true })
  await prepare.apply(prepare.plan(inside), inside)
  const ran = spawnSync(process.execPath, [join(import.meta.dirname, 'bin.ts'), 'prepare'], {
    cwd: outside, env: { RKT_STORE: data.store }, encoding: 'utf8',
  })
  assert.equal(ran.status, 0, ran.stderr)
  assert.match(ran.stderr, /^stage0: warning: no volume specified/m)
  assert.deepEqual(listTree(outside), listTree(inside.podDirectory))
  for (const name of listTree(outside)) {
    const [one, other] = [lstatSync(join(outside, name)), lstatSync(join(inside.podDirectory, name))]
    assert.deepEqual([one.mode, one.uid, one.gid], [other.mode, other.uid, other.gid], name)
    if (!name.endsWith('/')) assert.deepEqual(readFileSync(join(outside, name)), readFileSync(join(inside.podDirectory, name)), name)
  }
})

test('--dry-run prints the plan and changes nothing', () => {
  const context = data.makePod('dry', asked, records)
  const before = listTree(context.podDirectory)
  const ran = spawnSync(process.execPath, [join(import.meta.dirname, 'bin.ts'), 'prepare', '--dry-run'], {
    cwd: context.podDirectory, env: { RKT_STORE: data.store }, encoding: 'utf8',
  })
  assert.equal(ran.status, 0, ran.stderr)
  const plan = JSON.parse(ran.stdout)
  assert.deepEqual(plan.apps.map((app: { app: string }) => app.app), ['shell', 'web'])
  assert.deepEqual(listTree(context.podDirectory), before)
})

test('a refused pod is an error document, and nothing is touched', () => {
  const context = data.makePod('refused', request({ apps: [appRequest({ exec: 'nothing' })] }), [record(1)])
  const before = listTree(context.podDirectory)
  const ran = spawnSync(process.execPath, [join(import.meta.dirname, 'bin.ts'), 'prepare'], {
    cwd: context.podDirectory, env: { RKT_STORE: data.store }, encoding: 'utf8',
  })
  assert.equal(ran.status, 254)
  assert.equal(JSON.parse(ran.stdout).code, 'APP_PROGRAM_MISSING')
  assert.deepEqual(listTree(context.podDirectory), before)
})

for (const [what, spoil, code] of [
  ['a request of another pod', (pod: string) => replaceIn(pod, 'request.json', uuid, uuid.replace('8', '9')), 'DOCUMENT_INVALID'],
  ['images of another pod', (pod: string) => replaceIn(pod, 'images.json', uuid, uuid.replace('8', '9')), 'DOCUMENT_INVALID'],
  [
    'images that belong to other references', (pod: string) => replaceIn(pod, 'images.json', 'example.com/shell', 'example.com/other'),
    'DOCUMENT_INVALID',
  ],
  ['an image that is not in the store', (pod: string) => replaceIn(pod, 'images.json', 'sha512-11', 'sha512-fe'), 'IMAGE_NOT_FOUND'],
  ['a request that is not there', (pod: string) => rmSync(join(pod, 'request.json')), 'DOCUMENT_MISSING'],
] as const) {
  test(`refuses ${what}`, () => {
    const context = data.makePod('spoilt', request(), [record(1)])
    spoil(context.podDirectory)
    assert.throws(() => prepare.plan(data.context(context.podDirectory)), { code })
  })
}

function replaceIn(pod: string, file: string, from: string, to: string): void {
  const path = join(pod, file)
  const text = readFileSync(path, 'utf8')
  rmSync(path)
  writeFileSync(path, text.replace(from, to))
}

function listTree(directory: string, prefix = ''): string[] {
  return readdirSync(directory, { withFileTypes: true }).flatMap((entry) => {
    const name = `${prefix}${entry.name}`
    return entry.isDirectory() ? [`${name}/`, ...listTree(join(directory, entry.name), `${name}/`)] : [name]
  }).sort()
}
