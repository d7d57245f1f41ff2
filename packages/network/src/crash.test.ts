import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type { PublishedPort } from '@rocket/contracts'
import { native, spawn } from '@rocket/host'
import { becomeHost, cannotRun, down, interfaces, makePod, remove, traces, waitForNoInterfaces } from './world.testing.ts'

const skip = cannotRun ?? false
const kills = Number(process.env.ROCKET_KILLS ?? 20)
const web: PublishedPort = { name: 'http', app: 'web', protocol: 'tcp', podPort: 80, hostPort: 8080 }
let base: string
before(() => {
  if (skip === false) base = becomeHost()
})
after(() => {
  if (skip === false) remove(base)
})

test(`up killed at ${kills} moments, the pod with it: down leaves no wire, rule or address`, { skip, timeout: kills * 3000 }, () => {
  let interrupted = 0
  for (let kill = 0; kill < kills; kill++) {
    const pod = makePod(base, { ports: [web], networks: [{ name: 'default' }, { name: 'default-restricted' }] })
    const argv = [process.execPath, join(import.meta.dirname, 'bin.ts'), 'up']
    const up = spawn(process.execPath, argv, { ...process.env, RKT_UUID: pod.uuid }, { cwd: pod.directory, fds: [-1, 1, 2] })
    // Node and the program take some 90 ms to start; the work is what follows.
    native().poll([], [], 60 + Math.floor((kill * 120) / kills) + Math.floor(Math.random() * 8))
    native().kill(up, 9)
    const ended = native().waitPid(up, true)
    if (ended?.signal !== undefined) interrupted++
    pod.kill()
    // At once: a plugin that is still at work must be waited for.
    down(pod.uuid, pod.directory)
    assert.deepEqual(traces(pod.uuid), [], `after kill ${kill}`)
  }
  assert.ok(interrupted > kills / 4, `only ${interrupted} were interrupted`)
  assert.deepEqual(traces(), [])
  waitForNoInterfaces()
  assert.deepEqual(interfaces(), [])
})
