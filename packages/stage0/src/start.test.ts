import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { prepare } from './prepare.ts'
import { start } from './start.ts'
import { appRequest, DataDirectory, record, request, runRequest, uuid } from './testing/fixture.ts'

const data = new DataDirectory()
after(() => data.remove())

test('the program and the in-process path leave the same start.json, but for its time', async () => {
  const inside = data.makePod('run', request({ apps: [appRequest(), appRequest({ name: 'second' })] }), [record(1), record(1)])
  await prepare.apply(prepare.plan(inside), inside)
  inside.files.write('RunRequest', runRequest({ hostname: 'web', networks: [{ name: 'none' }] }))
  const outside = join(data.path, 'pods/other', uuid)
  mkdirSync(join(data.path, 'pods/other'))
  cpSync(inside.podDirectory, outside, { recursive: true })
  await start.apply(start.plan(inside), inside)
  const ran = spawnSync(process.execPath, [join(import.meta.dirname, 'bin.ts'), 'start'], {
    cwd: outside, env: { RKT_STORE: data.store }, encoding: 'utf8',
  })
  assert.equal(ran.status, 0, ran.stderr)
  const withoutTime = (directory: string): string => readFileSync(join(directory, 'start.json'), 'utf8').replace(/"startedAt": "[^"]*"/, '')
  assert.equal(withoutTime(outside), withoutTime(inside.podDirectory))
  assert.deepEqual(
    Object.keys(JSON.parse(readFileSync(join(outside, 'start.json'), 'utf8')).streams), ['shell', 'second'], 'in start order',
  )
})

test('refuses a run request of another pod', () => {
  const context = data.makePod('other-run', request(), [record(1)])
  prepare.apply(prepare.plan(context), context)
  context.files.write('RunRequest', runRequest({ uuid: uuid.replace('8', '9') }))
  assert.throws(() => start.plan(data.context(context.podDirectory)), { code: 'DOCUMENT_INVALID' })
})
