import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { makeHome, names, textOf, type Home } from '../program/home.ts'
import { assertNothingLeft } from '../program/leftovers.ts'
import { sh, story, tellStories } from '../program/story.ts'
import { roadLines } from './pod-tree.ts'
import { stageProgram, withoutBuild } from './stage-programs.ts'
import { treeState } from './tree-state.ts'

const stage = tellStories()
const unsigned = '--insecure-options=image'

/** Prepares a pod, and copies it with the store to another data directory; the first one and the image's file then forget them. */
async function moveElsewhere(): Promise<{ there: Home; uuid: string }> {
  const { home, images } = stage
  const image = home.file('gone.aci')
  cpSync(images.busybox, image)
  const { stdout, stderr } = await home.rkt(['prepare', unsigned, '--set-env=A=b', ...sh(image, 'echo "$A $(ls /data)"; exit 5')])
  const uuid = stdout.trim()
  assert.match(uuid, /^[0-9a-f-]{36}$/, stderr)
  const there = makeHome()
  mkdirSync(there.data, { recursive: true })
  // -a: trees of images have owners, modes and times.
  for (const part of ['cas', `pods/prepared/${uuid}`]) {
    mkdirSync(join(there.data, part, '..'), { recursive: true })
    assert.equal(spawnSync('cp', ['-a', join(home.data, part), join(there.data, part)]).status, 0)
  }
  rmSync(image)
  await home.rkt(['rm', uuid])
  await home.rkt(['image', 'rm', 'example.com/busybox'])
  await home.rkt(['gc'])
  return { there, uuid }
}

story('a prepared pod runs on another data directory, from its hand-offs and the store alone', async () => {
  const { there, uuid } = await moveElsewhere()
  try {
    const { exitCode, stdout, stderr } = await there.rkt(['run-prepared', '--net=none', uuid])
    assert.deepEqual([exitCode, stdout], [5, 'b of-the-image\n'], stderr)
    const trace = await there.rkt(['trace', uuid])
    assert.equal(trace.exitCode, 0, trace.stderr)
    assert.deepEqual(names(join(there.data, 'pods/prepared')), [])
  } finally {
    await assertNothingLeft(there)
    there.remove()
  }
})

story('a stage is run again, alone, from the hand-offs of a pod that was moved, and leaves the same documents', async () => {
  const { there, uuid } = await moveElsewhere()
  try {
    const pod = join(there.data, 'pods/prepared', uuid)
    const store = treeState(join(there.data, 'cas/layers'))
    const before = documents(pod)
    for (const file of ['pod.json', 'apps/busybox/app.json', 'apps/busybox/image.json']) rmSync(join(pod, file))
    const again = spawnSync(stageProgram(there, 'stage0', 'built'), ['prepare'], {
      cwd: pod, encoding: 'utf8', env: { PATH: '/usr/bin:/bin', RKT_POD: pod, RKT_UUID: uuid, RKT_STORE: join(there.data, 'cas') },
    })
    assert.equal(again.status, 0, again.stderr)
    assert.deepEqual(documents(pod), before)
    assert.deepEqual(treeState(join(there.data, 'cas/layers')), store)
  } finally {
    await assertNothingLeft(there)
    there.remove()
  }
}, withoutBuild)

/** What the log names, without the times of writing. */
function documents(pod: string): Record<string, string> {
  const files = roadLines(textOf(join(pod, 'road.jsonl'))).flatMap((line) => line.wrote.map(({ file }) => file))
  return Object.fromEntries(files.map((file) => [file, readFileSync(join(pod, file), 'utf8').replace(/"createdAt": "[^"]*"/, '')]))
}
