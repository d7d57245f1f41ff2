import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isRocketError, type GuestApp, type GuestPod, type GuestRequest } from '@rocket/contracts/guest'
import { Supervisor, type Said } from './supervisor.ts'
import { FakeSystem, settle } from './testing/fake-system.ts'

function app(name: string, rest: Partial<GuestApp> = {}): GuestApp {
  return { app: name, instance: 1, bundle: `apps/${name}`, streams: {}, handlers: {}, stopSignal: 15, stopTimeoutMs: 500, ...rest }
}

async function begin(apps: GuestApp[], exitPolicy: GuestPod['exitPolicy'] = 'apps'): Promise<{ system: FakeSystem; said: Said[]; supervisor: Supervisor }> {
  const [system, said] = [new FakeSystem(), [] as Said[]]
  const pod: GuestPod = { version: 1, uuid: '8f3c1c52-6d0e-4f3a-9b1d-0c6f2a7e5d41', hostname: 'h', exitPolicy, apps, network: { interfaces: [] } }
  const supervisor = new Supervisor(pod, { system, say: (event) => void said.push(event), over: (event) => void said.push(event) })
  supervisor.begin()
  await settle()
  return { system, said, supervisor }
}

async function finish(system: FakeSystem, container: string): Promise<void> {
  await system.end(system.last('delete').argv.includes(container) ? system.last('delete').pid : -1, { exitCode: 0 })
}

test('an app is launched from its bundle, and its end is told with its code', async () => {
  const { system, said } = await begin([app('web')])
  assert.deepEqual(system.last('run').argv.slice(-2), ['--bundle=/pod/apps/web', 'app-web'])
  const pid = await system.started('app-web')
  await system.end(pid, { exitCode: 3 })
  await finish(system, 'app-web')
  assert.deepEqual(said, [
    { event: 'app-started', app: 'web', instance: 1, pid }, { event: 'pod-ready' },
    { event: 'app-ended', app: 'web', instance: 1, end: { how: 'exited', exitCode: 3 }, stopped: false },
    { event: 'over', result: 3, firstFailure: 'web' },
  ])
})

test('an app that is gone before its launcher is has not lost its exit code', async () => {
  const { system, said } = await begin([app('web')])
  await system.end(102, { exitCode: 9 })
  assert.equal(await system.started('app-web'), 102)
  await finish(system, 'app-web')
  assert.deepEqual(said.at(-1), { event: 'over', result: 9, firstFailure: 'web' })
})

test('a launcher that fails makes the app one that never ran, with what crun wrote', async () => {
  const { system, said } = await begin([app('web')])
  system.files.set('/run/rocket/app-web.log', 'x\ncrun: no such file\n')
  await system.end(system.last('run').pid, { exitCode: 1 })
  assert.deepEqual(said.find(({ event }) => event === 'app-ended'), { event: 'app-ended', app: 'web', instance: 1, end: { how: 'failed', reason: 'crun: no such file' }, stopped: false })
  assert.deepEqual(said.at(-1), { event: 'over', result: 254, firstFailure: 'web' })
})

test('the first failure stops the others, and KILL follows when their time is over', async () => {
  const { system } = await begin([app('bad'), app('slow')])
  const [bad, slow] = [await system.started('app-bad'), await system.started('app-slow')]
  await system.end(bad, { exitCode: 1 })
  assert.deepEqual(system.killed, [[slow, 15]])
  await system.pass(500)
  assert.deepEqual(system.killed, [[slow, 15], [slow, 9]])
})

test('the pre-start handler comes first, and its failure is that of the app', async () => {
  const { system, said } = await begin([app('web', { handlers: { preStart: 'apps/web/pre' } })])
  assert.equal(system.spawned.some(({ argv }) => argv.includes('app-web')), false)
  await system.end(system.last('--bundle=/pod/apps/web/pre').pid, { exitCode: 2 })
  assert.deepEqual(said.find(({ event }) => event === 'app-ended'), {
    event: 'app-ended', app: 'web', instance: 1, end: { how: 'failed', reason: 'its pre-start handler exited with 2' }, stopped: false,
  })
})

test('the end of an app is told when its output has gone, or after a second', async () => {
  const { system, said } = await begin([app('web', { streams: { stdout: 'rocket.0.out' } })])
  system.ports.set('rocket.0.out', { path: '/dev/vport1p2' })
  await system.pass(5)
  await system.end(await system.started('app-web'), { exitCode: 0 })
  assert.equal(said.some(({ event }) => event === 'app-ended'), false)
  await system.pass(1000)
  await finish(system, 'app-web')
  assert.equal(said.some(({ event }) => event === 'app-ended'), true)
})

test('a port that never appears fails the app by name', async () => {
  const { system, said } = await begin([app('web', { streams: { stdout: 'rocket.0.out' } })])
  for (let waited = 0; waited <= 5010; waited += 5) await system.pass(5)
  assert.match(JSON.stringify(said), /port rocket\.0\.out did not appear/)
})

const refusals: readonly (readonly [GuestRequest, string])[] = [
  [{ id: 1, verb: 'app-stop', app: 'no', force: false }, 'APP_NOT_FOUND'],
  [{ id: 1, verb: 'app-add', app: app('web', { instance: 2 }) }, 'POD_WRONG_STATE'],
  [{ id: 1, verb: 'app-start', app: 'web' }, 'POD_WRONG_STATE'],
  [{ id: 1, verb: 'app-rm', app: 'web' }, 'POD_WRONG_STATE'],
  [{ id: 1, verb: 'signal', session: 'x', number: 1 }, 'POD_WRONG_STATE'],
]
for (const [request, code] of refusals) {
  test(`refuses ${JSON.stringify(request).slice(0, 60)} of a pod whose app web runs, with ${code}`, async () => {
    const { system, supervisor } = await begin([app('web')], 'sandbox')
    await system.started('app-web')
    assert.throws(() => supervisor.handle(request), (error) => isRocketError(error) && error.code === code)
  })
}
