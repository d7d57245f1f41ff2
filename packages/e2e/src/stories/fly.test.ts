import assert from 'node:assert/strict'
import { mkdirSync, readlinkSync, writeFileSync } from 'node:fs'
import { names, startPod, until } from '../program/home.ts'
import { assertHostClean } from '../program/leftovers.ts'
import { sh, story, tellStories } from '../program/story.ts'

const stage = tellStories()
const fly = ['--insecure-options=image', '--flavor=fly']

for (const code of [0, 3, 255]) {
  story(`fly: an app that exits with ${code} makes rkt run exit with ${code}`, async () => {
    const { home, images } = stage
    assert.equal((await home.rkt(['run', ...fly, images.exits, '--', String(code)])).exitCode, code)
    await assertHostClean(home)
  })
}

story('fly: rkt run dies by the signal that ended the app', async () => {
  const { home, images } = stage
  const { exitCode, signal } = await home.rkt(['run', ...fly, ...sh(images.busybox, 'kill -KILL $$')])
  assert.deepEqual({ exitCode, signal }, { exitCode: undefined, signal: 'SIGKILL' })
})

story('fly: the app has the namespaces of the host but for mounts, and its own root', async () => {
  const { home, images } = stage
  const { stdout, stderr } = await home.rkt([
    'run', ...fly, ...sh(images.busybox, 'for n in pid net ipc uts mnt; do readlink /proc/self/ns/$n; done; ls /data'),
  ])
  const lines = stdout.trimEnd().split('\n')
  for (const [index, kind] of ['pid', 'net', 'ipc', 'uts'].entries()) assert.equal(
    lines[index], readlinkSync(`/proc/self/ns/${kind}`), `${kind}: ${stderr}`,
  )
  assert.notEqual(lines[4], readlinkSync('/proc/self/ns/mnt'))
  assert.equal(lines[5], 'of-the-image')
})

story('fly: volumes, user and environment are as in other flavors', async () => {
  const { home, images } = stage
  mkdirSync(home.file('shared'), { recursive: true })
  writeFileSync(home.file('shared/note'), 'from the host\n')
  const { stdout, stderr } = await home.rkt([
    'run', ...fly, `--volume=v,kind=host,source=${home.file('shared')},readOnly=true`, '--set-env=WHO=you',
    ...sh(
      images.busybox, 'cat /mnt/v/note; touch /mnt/v/x 2>/dev/null || echo refused; id -u; id -g; echo $WHO',
      '--mount=volume=v,target=/mnt/v', '--user=guest', '--group=guests',
    ),
  ])
  assert.equal(stdout, 'from the host\nrefused\n1000\n1001\nyou\n', stderr)
})

story('fly: an app has no descriptor but 0, 1 and 2', async () => {
  const { home, images } = stage
  const { stdout } = await home.rkt(['run', ...fly, images.busybox, '--exec=/bin/ls', '--', '/proc/self/fd'])
  assert.deepEqual(stdout.trimEnd().split('\n'), ['0', '1', '2', '3'])
})

story('fly: a second app is refused, naming the feature and the flavors that have it', async () => {
  const { home, images } = stage
  const { exitCode, stderr } = await home.rkt(['run', ...fly, images.busybox, images.exits])
  assert.equal(exitCode, 254)
  assert.match(stderr, /FLAVOR_LACKS_FEATURE/)
  assert.match(stderr, /apps-many/)
  assert.match(stderr, /\boci\b/)
})

story('fly: everything that it lacks is refused by name, in one message, before anything is started', async () => {
  const { home, images } = stage
  const { exitCode, stderr } = await home.rkt([
    'run', ...fly, '--net=none', images.busybox, '--memory=64M', '--cpu=1', '--caps-retain=CAP_KILL',
  ])
  assert.equal(exitCode, 254)
  assert.match(stderr, /FLAVOR_LACKS_FEATURE/)
  for (const feature of ['isolator-memory', 'isolator-cpu', 'isolator-capabilities']) assert.match(stderr, new RegExp(feature))
  assert.deepEqual(names(`${home.data}/pods/run`), [])
})

for (const flags of [
  ['--flavor=fly', '--flavor-policy=warn'], ['--stage1-name=coreos.com/rkt/stage1-fly'], ['--stage1-name=coreos.com/rkt/stage1-fly:1.30.0'],
]) {
  story(`fly: with ${flags.join(' ')} what it lacks is warned of, and the app runs`, async () => {
    const { home, images } = stage
    const { exitCode, stdout, stderr } = await home.rkt(['run', '--insecure-options=image', ...flags, images.busybox, '--memory=64M'])
    assert.deepEqual([exitCode, stdout], [0, 'hello\n'], stderr)
    assert.match(stderr, /memory/)
  })
}

story('fly: enter, status and stop work', async () => {
  const { home, images } = stage
  const { uuid, running } = await startPod(home, [...fly, ...sh(images.busybox, 'trap "exit 0" TERM; while true; do sleep 0.1; done')])
  const entered = await home.rkt(['enter', uuid, '/bin/sh', '-c', 'ls /data; exit 3'])
  assert.deepEqual([entered.exitCode, entered.stdout], [3, 'of-the-image\n'], entered.stderr)
  assert.match((await home.rkt(['status', uuid])).stdout, /^state=running$/m)
  assert.equal((await home.rkt(['stop', uuid])).exitCode, 0)
  assert.equal((await running.ended).exitCode, 0)
  await assertHostClean(home)
})

story('fly: when rkt is killed with KILL the app dies', async () => {
  const { home, images } = stage
  const { uuid, running } = await startPod(home, [...fly, images.busybox, '--exec=/bin/sleep', '--', '60'])
  process.kill(running.pid, 'SIGKILL')
  await running.ended
  await until('the pod has exited', async () => (await home.rkt(['status', uuid])).stdout.includes('state=exited'))
})
