import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'
import { podPlaces } from '@rocket/contracts'
import { names, startPod, textOf, type Home } from '../program/home.ts'
import { plain, sh, story, tellStories } from '../program/story.ts'

const stage = tellStories()

/** `held`, `free`, or undefined when the directory is not there (any more). */
function lockOf(directory: string): 'held' | 'free' | undefined {
  // By descriptor: given a name, flock would make a file of it where there is none.
  const script = 'exec 3<"$1" || exit 98; flock --shared --nonblock 3 || exit 99'
  const { status } = spawnSync('/bin/sh', ['-c', script, 'sh', directory], { stdio: 'ignore' })
  return status === 99 ? 'held' : status === 0 ? 'free' : undefined
}

/** Where the pods of a home are. They move forwards, so looking backwards meets none twice. */
function places(home: Home): string[] {
  return podPlaces.toReversed().flatMap((place) => names(join(home.data, 'pods', place)).map(() => place))
}

for (const from of ['an image that must be fetched first', 'an image of the store'] as const) {
  story(`a pod of ${from} is in one place at a time, and locked from the first moment to its end`, async () => {
    const { home, images } = stage
    if (from === 'an image of the store') await home.rkt(['fetch', '--insecure-options=image', images.guest])
    const running = home.start(['run', ...plain, ...sh(images.guest, 'sleep 0.3')])
    let over = false
    void running.ended.then(() => { over = true })
    const seen = new Set<string>()
    while (!over) {
      const now = places(home)
      assert.ok(now.length <= 1, `the pod is in ${now.join(' and ')}`)
      const place = now[0]
      if (place === 'prepare' || place === 'run') {
        const [uuid = ''] = names(join(home.data, 'pods', place))
        const directory = join(home.data, 'pods', place, uuid)
        // It may have moved on, and its end is not for us to see in time: only a lock that is free while rkt works is wrong.
        if (lockOf(directory) === 'free' && existsSync(directory) && !over && uuid !== '') {
          await new Promise((resolve) => setTimeout(resolve, 200))
          assert.ok(over, `the pod lies unlocked in ${place}/`)
        }
        seen.add(place)
      }
      await new Promise((resolve) => setTimeout(resolve, 1))
    }
    // The first place is left again so soon that we may not meet the pod there.
    assert.deepEqual([...seen].filter((place) => place !== 'prepare'), ['run'])
    assert.equal((await running.ended).exitCode, 0)
  })
}

story('the lock is held by the supervisor and the first process of the pod, and by no app, runtime or other child', async () => {
  const { home, images } = stage
  const { uuid, running } = await startPod(
    home, [...plain, ...sh(images.busybox, 'sleep 60', '--name=one'), '---', ...sh(images.busybox, 'sleep 60', '--name=two')],
  )
  const directory = join(home.data, 'pods/run', uuid)
  const holders = readdirSync('/proc').filter((pid) => /^\d+$/.test(pid) && descriptors(pid).includes(directory))
  assert.equal(lockOf(directory), 'held')
  const first = textOf(join(directory, 'pid')).trim()
  assert.deepEqual(
    holders.map(Number).toSorted((one, other) => one - other), [running.pid, Number(first)].toSorted((one, other) => one - other),
  )
  await home.rkt(['stop', '--force', uuid])
  await running.ended
})

function descriptors(pid: string): string[] {
  return names(`/proc/${pid}/fd`).map((fd) => {
    try {
      return readlinkSync(`/proc/${pid}/fd/${fd}`)
    } catch {
      // It has been closed meanwhile.
      return ''
    }
  })
}

story('the files that rkt\'s readers look for are there', async () => {
  const { home, images } = stage
  const { uuid, running } = await startPod(home, [...plain, ...sh(images.busybox, 'sleep 60')])
  const directory = join(home.data, 'pods/run', uuid)
  assert.equal(JSON.parse(textOf(join(directory, 'pod'))).acKind, 'PodManifest')
  assert.match(textOf(join(directory, 'pid')), /^\d+\n$/)
  assert.ok(existsSync(join(directory, 'pod-created')))
  assert.equal(readlinkSync(join(directory, 'stage1/rootfs/rkt/supervisor-status')), 'ready')
  assert.match(textOf(join(directory, 'stage1/rootfs/rkt/env/busybox')), /^AC_APP_NAME=busybox$/m)
  await home.rkt(['stop', uuid])
  await running.ended
  // Of an app that was stopped rkt says 0.
  assert.equal(textOf(join(directory, 'stage1/rootfs/rkt/status/busybox')), '0')
})
