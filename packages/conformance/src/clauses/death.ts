import assert from 'node:assert/strict'
import { existsSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { native } from '@rocket/host'
import { makePodFixture, type PodFixture } from '../fixture/pod-fixture.ts'
import type { FlavorUnderTest } from '../flavor-under-test.ts'
import { findLeftovers } from '../leftovers.ts'
import { destroyPod, startPod } from '../run-pod.ts'

/** Whatever happens to the supervisor, the pod can be collected. */
export function testDeath(flavor: FlavorUnderTest): void {
  test('killed with KILL while its app runs, a pod is destroyed from its UUID alone, twice', () => {
    // A daemon in a session of its own, in the app, ignoring what it can.
    const script = '(trap "" TERM HUP INT; setsid sleep 1000 &) ; sleep 1000 & touch /ready; trap "" TERM; sleep 1000'
    const fixture = podOf(flavor, script)
    try {
      const driver = startPod(flavor, fixture, { timeoutMs: 100_000 })
      const begun = waitUntil(() => isReady(fixture))
      native().kill(driver, 9)
      native().waitPid(driver, true)
      assert.ok(begun, 'the app came to run')
      for (const name of readdirSync(fixture.podDirectory)) rmSync(join(fixture.podDirectory, name), { recursive: true, force: true })
      destroyPod(flavor, fixture)
      assert.deepEqual(findLeftovers(fixture), [])
      destroyPod(flavor, fixture)
    } finally {
      fixture.remove()
    }
  })

  for (const milliseconds of [250, 500, 800, 1100]) {
    test(`killed with KILL ${milliseconds} ms after its begin, a pod is destroyed and leaves nothing`, () => {
      const fixture = podOf(flavor, 'sleep 1000')
      try {
        const driver = startPod(flavor, fixture, { timeoutMs: 100_000 })
        native().poll([], [], milliseconds)
        native().kill(driver, 9)
        native().waitPid(driver, true)
        // A stage program that was just running may still be: the driver of a pod bounds it, its own death does not.
        native().poll([], [], 600)
        destroyPod(flavor, fixture)
        assert.deepEqual(findLeftovers(fixture), [])
      } finally {
        fixture.remove()
      }
    })
  }
}

function podOf(flavor: FlavorUnderTest, script: string): PodFixture {
  return makePodFixture({
    flavor: flavor.declaration, apps: [{ name: 'one', exec: ['/bin/sh', '-c', script] }],
    start: flavor.declaration.features.includes('network-none') ? {} : { network: { mode: 'host' } },
  })
}

/** The upper layer of the app shows what it wrote, to those outside its mount namespace too. */
function isReady({ podDirectory }: PodFixture): boolean {
  return existsSync(join(podDirectory, 'overlay/one/upper/ready'))
}

function waitUntil(is: () => boolean): boolean {
  for (let tries = 0; tries < 1000; tries++) {
    if (is()) return true
    native().poll([], [], 10)
  }
  return false
}
