import assert from 'node:assert/strict'
import { chmodSync, writeFileSync } from 'node:fs'
import { flavor, stage2, withoutReference } from '../fixtures/reference.ts'
import { startPod, textOf } from '../program/home.ts'
import { plain, sh, story, tellStories } from '../program/story.ts'

const stage = tellStories()
story('a flavor in plain shell runs a pod of two apps, and is entered and stopped', async () => {
  const { home, images } = stage
  const { uuid, running } = await startPod(home, [
    ...plain, `--flavor=${flavor}`, ...sh(images.busybox, 'echo from one; sleep 60', '--name=one'), '---',
    ...sh(images.busybox, 'sleep 60', '--name=two'),
  ])
  const entered = await home.rkt(['enter', '--app=two', uuid, '/bin/sh', '-c', 'ls /data; exit 3'])
  assert.deepEqual([entered.exitCode, entered.stdout], [3, 'of-the-image\n'], entered.stderr)
  assert.equal((await home.rkt(['stop', uuid])).exitCode, 0)
  const { stdout } = await running.ended
  assert.match(stdout, /from one/)
  assert.match((await home.rkt(['trace', uuid])).stdout, /flavor-pod-sh\/stage1/)
}, withoutReference)

story('a flavor in plain shell passes exit codes on, into the status too', async () => {
  const { home, images } = stage
  const { exitCode, stderr } = await home.rkt(['run', ...plain, `--flavor=${flavor}`, '--uuid-file-save=uuid', images.exits, '--', '5'])
  assert.equal(exitCode, 5, stderr)
  assert.match((await home.rkt(['status', '--uuid-file=uuid'])).stdout, /^app-exits=5$/m)
}, withoutReference)

story('a flavor in plain shell is refused what it does not declare', async () => {
  const { home, images } = stage
  const { exitCode, stderr } = await home.rkt(['run', ...plain, `--flavor=${flavor}`, images.busybox, '--memory=64M'])
  assert.equal(exitCode, 254)
  assert.match(stderr, /FLAVOR_LACKS_FEATURE/)
  assert.match(stderr, /isolator-memory/)
}, withoutReference)

for (const code of [0, 5]) {
  story(`a stage2 in plain shell supervises the default flavor: exit code ${code}`, async () => {
    const { home, images } = stage
    const { exitCode, stderr } = await home.rkt([
      'run', ...plain, `--stage2=${stage2}`, '--uuid-file-save=uuid', images.exits, '--', String(code),
    ])
    assert.equal(exitCode, code, stderr)
    assert.match((await home.rkt(['status', '--uuid-file=uuid'])).stdout, new RegExp(`^state=exited$[^]*^app-exits=${code}$`, 'm'))
    assert.ok((await home.rkt(['trace', textOf(home.file('uuid'))])).stdout.includes('stage2.sh'))
  }, withoutReference)
}

story('a stage that fails without a word is told by its program and code, and nothing is left', async () => {
  const { home, images } = stage
  writeFileSync(home.file('network.sh'), '#!/bin/sh\n[ "$1" = up ] && exit 9\nexit 0\n')
  chmodSync(home.file('network.sh'), 0o755)
  const { exitCode, stderr } = await home.rkt(['run', ...plain, '--network-stage=network.sh', images.busybox])
  assert.equal(exitCode, 254)
  assert.match(stderr, /STAGE_FAILED/)
  assert.match(stderr, /network\.sh up failed/)
})

story('a stage program that does not exist is refused', async () => {
  const { home, images } = stage
  const { exitCode, stderr } = await home.rkt(['run', ...plain, '--stage2=./nothing', images.busybox])
  assert.equal(exitCode, 254)
  assert.match(stderr, /STAGE_NOT_FOUND/)
})
