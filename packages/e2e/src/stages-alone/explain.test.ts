import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { names } from '../program/home.ts'
import { directoryAt } from '../program/rkt.ts'
import { story, sh, tellStories } from '../program/story.ts'
import { treeState } from './tree-state.ts'

const stage = tellStories()
const unsigned = '--insecure-options=image'

/** Nothing of the host bears the name of the pod that was explained. */
function assertUnknownToHost(uuid: string): void {
  const seen = [...names('/run/rkt'), ...names('/run/netns'), ...readFileSync('/proc/self/mountinfo', 'utf8').split('\n')]
  assert.deepEqual(seen.filter((text) => text.includes(uuid)), [])
}

for (const [name, words] of Object.entries({
  'one app without network': ['--net=none', 'example.com/busybox'],
  'two apps on the default network, with a volume, a port and limits': [
    '--volume=data,kind=empty', '--port=talk:18080', 'example.com/data', '--memory=64M', '---', 'example.com/server', '--user=1000',
  ],
  'an app on the chroot flavor': ['--flavor=fly', 'example.com/busybox'],
} as Record<string, string[]>)) {
  story(`explain of ${name} changes nothing, here or in the data directory`, async () => {
    const { home, images } = stage
    await home.rkt(['fetch', unsigned, images.busybox, images.data, images.server])
    const before = treeState(home.data)
    const scratch = directoryAt(home.file('scratch'))
    const { exitCode, stdout, stderr } = await home.rkt(['explain', '--format=json', unsigned, ...words], { env: { TMPDIR: scratch } })
    assert.equal(exitCode, 0, stderr)
    const { verbs } = JSON.parse(stdout) as { verbs: { stage: string; plan: { pod?: { uuid: string } } }[] }
    assert.equal(verbs.at(-1)?.stage, 'stage2')
    assertUnknownToHost(verbs.find(({ plan }) => plan.pod !== undefined)?.plan.pod?.uuid ?? assert.fail(stdout))
    assert.deepEqual([treeState(home.data), names(scratch)], [before, []])
  })
}

story('explain on a data directory that is not there makes none', async () => {
  const { home, images } = stage
  const data = home.file('nothing-yet')
  const { exitCode, stderr } = await home.rkt([`--dir=${data}`, 'explain', unsigned, ...sh(images.busybox, 'true')])
  assert.equal(exitCode, 0, stderr)
  assert.match(stderr, /not in the store/)
  assert.equal(existsSync(data), false)
})

story('explain refuses what run would refuse, in its words, and changes nothing either', async () => {
  const { home, images } = stage
  await home.rkt(['fetch', unsigned, images.busybox])
  const before = treeState(join(home.data, 'cas'))
  const { exitCode, stderr } = await home.rkt(['explain', unsigned, '--flavor=fly', 'example.com/busybox', '--memory=64M'])
  assert.equal(exitCode, 254)
  assert.match(stderr, /\[FLAVOR_LACKS_FEATURE\]/)
  assert.deepEqual(treeState(join(home.data, 'cas')), before)
})
