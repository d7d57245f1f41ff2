import assert from 'node:assert/strict'
import type { FlavorUnderTest } from '../flavor-under-test.ts'
import { clause, shell, withPod } from './clause.ts'

/** How an app ends is told exactly, and a signal reaches it. */
export function testEnds(flavor: FlavorUnderTest): void {
  for (const exitCode of [0, 7, 255]) {
    clause(flavor, `an app that exits with ${exitCode} is seen to`, [], () => {
      withPod(
        flavor, { apps: [{ name: 'one', exec: shell(`exit ${exitCode}`) }] },
        ({ result }) => assert.deepEqual(result.apps, { one: { exitCode } }),
      )
    })
  }

  clause(flavor, 'an app that a signal ends is seen to end by it', [], () => {
    withPod(
      flavor, { apps: [{ name: 'one', exec: shell('kill -9 $$') }] }, ({ result }) => assert.deepEqual(result.apps, { one: { signal: 9 } })
    )
  })

  clause(flavor, 'each of several apps is told apart', ['apps-many'], () => {
    const pause = 'sleep 0.3;'
    const apps = [
      { name: 'one', exec: shell(`${pause} exit 0`) }, { name: 'two', exec: shell(`${pause} ${pause} exit 0`) },
      { name: 'three', exec: shell('exit 3') },
    ]
    const pod = { exitPolicy: 'sandbox' } as const
    withPod(
      flavor, { apps, pod },
      ({ result }) => assert.deepEqual(result.apps, { one: { exitCode: 0 }, two: { exitCode: 0 }, three: { exitCode: 3 } }),
    )
  })

  clause(flavor, 'TERM ends an app that does not care for it', ['stop'], () => {
    withPod(flavor, {
      apps: [{ name: 'one', exec: shell('touch /ready; exec sleep 100') }],
    }, ({ result }) => assert.deepEqual(result.apps, { one: { signal: 15 } }), {
      steps: [{ kind: 'wait-ready', app: 'one' }, { kind: 'pause', milliseconds: 200 }, { kind: 'signal', app: 'one', signal: 15 }],
    })
  })

  clause(flavor, 'an app that handles TERM ends in its own way', ['stop'], () => {
    const exec = shell('trap "exit 5" TERM; touch /ready; while :; do sleep 0.05; done')
    withPod(flavor, {
      apps: [{ name: 'one', exec, app: { stopTimeoutMs: 5000 } }],
    }, ({ result }) => assert.deepEqual(result.apps, { one: { exitCode: 5 } }), {
      steps: [{ kind: 'wait-ready', app: 'one' }, { kind: 'signal', app: 'one', signal: 15 }],
    })
  })
}
