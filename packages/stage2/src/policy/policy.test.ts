import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Policy } from './policy.ts'
import type { PolicyAction, PolicyEvent, PolicyPlan } from './types.ts'

const two: PolicyPlan = {
  exitPolicy: 'apps',
  apps: [{ app: 'a', stopSignal: 15, stopTimeoutMs: 500 }, { app: 'b', stopSignal: 10, stopTimeoutMs: 700 }],
}

function play(plan: PolicyPlan, ...events: PolicyEvent[]): PolicyAction[][] {
  const policy = new Policy(plan)
  return events.map((event) => policy.handle(event))
}

const begin: PolicyEvent = { kind: 'begin' }
const running = (app: string): PolicyEvent => ({ kind: 'running', app })
const exited = (app: string, exitCode: number): PolicyEvent => ({ kind: 'ended', app, how: { kind: 'exited', exitCode } })
const killed = (app: string, signal: number): PolicyEvent => ({ kind: 'ended', app, how: { kind: 'signalled', signal } })

test('launches every app at the beginning, in start order', () => {
  assert.deepEqual(play(two, begin)[0], [{ kind: 'launch', app: 'a' }, { kind: 'launch', app: 'b' }])
})

test('waits for the last app when each one succeeds', () => {
  const steps = play(two, begin, running('a'), running('b'), exited('a', 0), exited('b', 0))
  assert.equal(steps[3]?.some((action) => action.kind === 'end'), false)
  assert.deepEqual(steps[4]?.at(-1), { kind: 'end', result: 0 })
})

test('says once that the pod is ready, when every app runs or has ended', () => {
  const steps = play(two, begin, running('a'), exited('a', 0), running('b'), exited('b', 0)).flat()
  assert.equal(steps.filter((action) => action.kind === 'ready').length, 1)
})

test('stops the others at the first failure, with the stop signal of each, and takes its code', () => {
  const steps = play(two, begin, running('a'), running('b'), exited('a', 3), killed('b', 10))
  assert.deepEqual(steps[3]?.slice(2), [{ kind: 'signal', app: 'b', number: 10 }, { kind: 'arm', app: 'b', afterMs: 700 }])
  assert.deepEqual(steps[4]?.at(-1), { kind: 'end', result: 3, firstFailure: 'a' })
})

test('gives the number of the signal that ended the first failing app, as rkt does', () => {
  const steps = play(two, begin, running('a'), running('b'), killed('a', 9), killed('b', 10))
  assert.deepEqual(steps[4]?.at(-1), { kind: 'end', result: 9, signal: 9, firstFailure: 'a' })
})

test('sends KILL when the time after the stop signal is over', () => {
  const steps = play(two, begin, running('a'), running('b'), { kind: 'stop', force: false }, { kind: 'timeout', app: 'b' })
  assert.deepEqual(steps[4], [{ kind: 'signal', app: 'b', number: 9 }])
})

test('succeeds when told to stop, whatever the apps make of it', () => {
  const steps = play(two, begin, running('a'), running('b'), { kind: 'stop', force: false }, killed('a', 15), exited('b', 7))
  assert.deepEqual(steps[5]?.at(-1), { kind: 'end', result: 0 })
})

test('stops an app that comes up after the stop', () => {
  const steps = play(two, begin, running('a'), { kind: 'stop', force: false }, running('b'))
  assert.deepEqual(steps[3]?.slice(1, 3), [{ kind: 'signal', app: 'b', number: 10 }, { kind: 'arm', app: 'b', afterMs: 700 }])
})

test('counts an app that never ran as a failure of ours', () => {
  const steps = play(two, begin, running('b'), { kind: 'failed', app: 'a', reason: 'no such program' }, killed('b', 10))
  assert.deepEqual(steps[3]?.at(-1), { kind: 'end', result: 254, firstFailure: 'a' })
})

test('keeps a sandbox until it is told to stop, with apps or without', () => {
  const sandbox: PolicyPlan = { ...two, exitPolicy: 'sandbox' }
  const steps = play(sandbox, begin, running('a'), running('b'), exited('a', 1), exited('b', 0), { kind: 'stop', force: false })
  assert.equal(steps.slice(0, 5).flat().some((action) => action.kind === 'end'), false)
  assert.equal(steps[5]?.at(-1)?.kind, 'end')
  assert.equal(play({ exitPolicy: 'sandbox', apps: [] }, begin).flat().some((action) => action.kind === 'end'), false)
})

test('passes a signal on to the apps that run', () => {
  assert.deepEqual(play(two, begin, running('a'), { kind: 'signal', number: 1 })[2], [{ kind: 'signal', app: 'a', number: 1 }])
})

test('launches an app that was added when it is told to, and takes its end as that of any other', () => {
  const sandbox: PolicyPlan = { exitPolicy: 'sandbox', apps: [] }
  const steps = play(sandbox, begin, { kind: 'add', app: { app: 'c', stopSignal: 2, stopTimeoutMs: 50 } }, { kind: 'start', app: 'c' }, running('c'), exited('c', 4))
  assert.deepEqual(steps.slice(1, 3), [[], [{ kind: 'launch', app: 'c' }]])
  assert.deepEqual(steps[4]?.at(-1), { kind: 'record', app: 'c', state: 'over', ended: { kind: 'exited', exitCode: 4 }, stopped: false })
})

test('stops one app on its own without a failure of the pod, and forgets it only when it is over', () => {
  const steps = play(two, begin, running('a'), running('b'), { kind: 'stop-app', app: 'a', force: false }, { kind: 'remove', app: 'a' }, killed('a', 15), exited('b', 0))
  assert.deepEqual(steps[3], [{ kind: 'signal', app: 'a', number: 15 }, { kind: 'arm', app: 'a', afterMs: 500 }])
  assert.deepEqual(steps[5]?.at(-1), { kind: 'record', app: 'a', state: 'over', ended: { kind: 'signalled', signal: 15 }, stopped: true })
  assert.deepEqual(steps[6]?.at(-1), { kind: 'end', result: 0 })
})

test('an app that was removed no longer keeps the pod', () => {
  const steps = play({ ...two, apps: [], exitPolicy: 'sandbox' }, begin, { kind: 'add', app: { app: 'c', stopSignal: 2, stopTimeoutMs: 50 } },
    { kind: 'remove', app: 'c' }, { kind: 'start', app: 'c' }, { kind: 'stop', force: false })
  assert.deepEqual(steps.slice(3), [[], [{ kind: 'end', result: 0 }]])
})

test('ends exactly once, after every app is over, for any order of events', () => {
  const app = fc.constantFrom('a', 'b')
  const event: fc.Arbitrary<PolicyEvent> = fc.oneof(
    app.map(running),
    fc.tuple(app, fc.integer({ min: 0, max: 255 })).map(([name, code]) => exited(name, code)),
    fc.tuple(app, fc.integer({ min: 1, max: 64 })).map(([name, signal]) => killed(name, signal)),
    app.map((name): PolicyEvent => ({ kind: 'failed', app: name, reason: 'x' })),
    app.map((name): PolicyEvent => ({ kind: 'timeout', app: name })),
    fc.boolean().map((force): PolicyEvent => ({ kind: 'stop', force })),
  )
  fc.assert(fc.property(fc.array(event, { maxLength: 30 }), (events) => {
    const actions = play(two, begin, ...events, exited('a', 0), exited('b', 0)).flat()
    const over = actions.filter((action) => action.kind === 'record' && action.state === 'over').map((action) => 'app' in action && action.app)
    assert.deepEqual([...over].sort(), ['a', 'b'])
    assert.equal(actions.filter((action) => action.kind === 'end').length, 1)
    assert.equal(actions.at(-1)?.kind, 'end')
  }))
})
