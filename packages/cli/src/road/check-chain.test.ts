import assert from 'node:assert/strict'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, unlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { isRocketError } from '@rocket/contracts'
import { packAci } from '@rocket/image'
import fc from 'fast-check'
import { run as runPrepared } from '../commands/run-prepared.ts'
import { readSettings } from '../config/settings.ts'
import type { Invocation } from '../grammar/command.ts'
import { commands } from '../grammar/commands.ts'
import { parse } from '../grammar/parse.ts'
import { preparePod, storePrepared } from './prepare-pod.ts'
import { planRequest } from './requests.ts'
import { RoadLog } from './road-log.ts'
import { surroundingsOf } from './surroundings.ts'

const skip = process.geteuid?.() === 0 ? false : 'pods are prepared by root only'
const root = mkdtempSync(join(tmpdir(), 'chain-'))
after(() => rmSync(root, { recursive: true }))

let uuid: string
let pod: string
let files: string[]

function invocation(...words: string[]): Invocation {
  const parsed = parse([`--dir=${root}/data`, ...words], commands)
  assert.equal(parsed.kind, 'invocation')
  return (parsed as { invocation: Invocation }).invocation
}

before(async () => {
  if (skip !== false) return
  mkdirSync(join(root, 'rootfs/bin'), { recursive: true })
  writeFileSync(join(root, 'rootfs/bin/app'), '#!/bin/app\n')
  chmodSync(join(root, 'rootfs/bin/app'), 0o755)
  const app = { exec: ['/bin/app'], user: '0', group: '0' }
  const labels = [{ name: 'os', value: 'linux' }, { name: 'arch', value: process.arch === 'arm64' ? 'aarch64' : 'amd64' }]
  const manifest = JSON.stringify({ acKind: 'ImageManifest', acVersion: '0.8.11', name: 'example.com/app', labels, app })
  await packAci(join(root, 'app.aci'), { rootfs: join(root, 'rootfs'), manifest })
  const aci = join(root, 'app.aci')
  const words = invocation('prepare', '--insecure-options=image', aci, '--name=one', '---', aci, '--name=two')
  const settings = readSettings(words.flags)
  const prepared = await preparePod(planRequest(words, settings), { ...surroundingsOf(settings, words.flags), sync: true })
  storePrepared(prepared, settings.dataDirectory)
  uuid = prepared.pod.uuid
  pod = join(root, 'data/pods/prepared', uuid)
  files = [...RoadLog.open(pod).expected().keys()]
})

/** The pod is refused because of this file, before anything is done with it. */
async function assertRefused(file: string): Promise<void> {
  await assert.rejects(runPrepared(invocation('run-prepared', '--net=none', uuid)), (error) =>
    isRocketError(error, 'HANDOFF_ALTERED') && error.what.includes(file))
  assert.ok(existsSync(pod), 'the pod stays prepared')
  assert.equal(existsSync(join(pod, 'run-request.json')), false)
}

test('every document of a prepared pod is chained', { skip }, () => {
  assert.deepEqual(files.toSorted(), [
    'apps/one/app.json', 'apps/one/image.json', 'apps/two/app.json', 'apps/two/image.json', 'images.json', 'pod.json', 'request.json',
  ])
})

test('a byte changed in any hand-off of a prepared pod is refused by run-prepared, which names it', { skip }, async () => {
  const change = fc.record({ file: fc.nat(), at: fc.nat(), bits: fc.integer({ min: 1, max: 255 }) })
  await fc.assert(fc.asyncProperty(change, async ({ file, at, bits }) => {
    const name = files[file % files.length] ?? assert.fail()
    const path = join(pod, name)
    const bytes = readFileSync(path)
    const altered = Buffer.from(bytes)
    altered[at % bytes.length] = (bytes[at % bytes.length] ?? 0) ^ bits
    writeFileSync(path, altered)
    try {
      await assertRefused(name)
    } finally {
      writeFileSync(path, bytes)
    }
  }), { numRuns: 200 })
})

test('so is one that is cut short, one that grew, and one that is gone', { skip }, async () => {
  for (const name of files) {
    const path = join(pod, name)
    const bytes = readFileSync(path)
    for (const other of [bytes.subarray(0, -1), Buffer.concat([bytes, Buffer.from('\n')]), Buffer.alloc(0), undefined]) {
      if (other === undefined) unlinkSync(path)
      else writeFileSync(path, other)
      await assertRefused(name)
      writeFileSync(path, bytes)
    }
  }
})

for (const name of ['start.json', 'net.json', 'run.json', 'apps/one/run.json', 'apps/three/app.json']) {
  test(`so is ${name}, which no stage has written yet`, { skip }, async () => {
    mkdirSync(join(pod, name, '..'), { recursive: true })
    writeFileSync(join(pod, name), '{}')
    try {
      await assertRefused(name)
    } finally {
      rmSync(join(pod, name.startsWith('apps/three') ? 'apps/three' : name), { recursive: true })
    }
  })
}

test('a line of the log that was changed is refused as well', { skip }, async () => {
  const path = join(pod, 'road.jsonl')
  const text = readFileSync(path, 'utf8')
  writeFileSync(path, text.replace('"verb":"fetch"', '"verb":"fetched"'))
  await assertRefused('road.jsonl')
  writeFileSync(path, text)
})
