import assert from 'node:assert/strict'
import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { freePort } from '../program/free-port.ts'
import { textOf } from '../program/home.ts'
import { plain, sh, story, tellStories } from '../program/story.ts'
import { assertSameTree, filesOf, podTree, roadLines, stageOf } from './pod-tree.ts'
import { allStages, configure, replacing, stageProgram, withoutBuild, type Origin, type StageProgramName } from './stage-programs.ts'

const stage = tellStories()
const hasPlugins = ['/usr/lib/cni/ptp', '/opt/cni/bin/ptp'].some((path) => existsSync(path))

/** Runs a pod and returns its directory, which lies in `run/` until it is collected. */
async function runPod(words: readonly string[], code: number, global: readonly string[] = []): Promise<string> {
  const { home } = stage
  const file = home.file('uuid')
  const { exitCode, stderr } = await home.rkt([...global, 'run', `--uuid-file-save=${file}`, ...words])
  assert.equal(exitCode, code, stderr)
  return join(home.data, 'pods/run', textOf(file))
}

interface Pod {
  flavor: 'oci' | 'fly'
  code: number
  words(): string[] | Promise<string[]>
}

const volume = (): string => `--volume=shared,kind=host,source=${stage.home.file('shared')},readOnly=true`
const atMnt = '--mount=volume=shared,target=/mnt/shared'

const pods: Readonly<Record<string, Pod>> = {
  'one app with volumes': {
    flavor: 'oci', code: 3,
    words: () => [
      ...plain, volume(), '--volume=data,kind=empty,mode=0710,uid=1000', stage.images.data, atMnt,
      '--exec=/bin/sh', '--', '-c', 'echo x > /data/x; echo y > /y; exit 3',
    ],
  },
  'two apps, the second failing': {
    flavor: 'oci', code: 7,
    words: () => [
      ...plain, volume(), atMnt, '--hostname=web', '--set-env=A=b',
      ...sh(stage.images.busybox, 'echo one; sleep 60', '--name=one', '--user=1000'), '---',
      ...sh(stage.images.busybox, 'sleep 0.3; echo two >&2; exit 7', '--name=two', '--memory=64M'),
    ],
  },
  'an app on the chroot flavor': {
    flavor: 'fly', code: 4,
    words: () => ['--insecure-options=image', volume(), atMnt, ...sh(stage.images.busybox, 'ls /mnt/shared; exit 4')],
  },
}

const published: Pod = {
  flavor: 'oci', code: 0,
  words: async () => [
    '--insecure-options=image', `--port=talk:${await freePort()}`, '--dns=192.0.2.1', stage.images.server, '--exec=/bin/true',
  ],
}

async function compare(pod: Pod, replaced: readonly StageProgramName[], origin: Origin): Promise<void> {
  const { home } = stage
  mkdirSync(home.file('shared'), { recursive: true })
  const words = await pod.words()
  const programs = Object.fromEntries(replaced.map((name) => [name, stageProgram(home, name, origin)]))
  const { global, run } = replacing(home, programs, pod.flavor)
  // Before the first run the image is not in the store, and a Node that has fetched does not go on to run the pod.
  await home.rkt(['fetch', '--insecure-options=image', ...words.filter((word) => word.endsWith('.aci'))])
  const inProcess = await runPod([`--flavor=${pod.flavor}`, ...words], pod.code, [`--local-config=${configure(home, {})}`])
  const asPrograms = await runPod([...run, ...words], pod.code, global)
  assertSameTree(podTree(asPrograms), podTree(inProcess))
  assertReads(inProcess, asPrograms)
  const programsRun = new Set(roadLines(textOf(join(asPrograms, 'road.jsonl'))).map((line) => line.program))
  for (const name of replaced) {
    const expected = !name.startsWith('stage1-') || name === `stage1-${pod.flavor}`
    assert.equal(programsRun.has(programs[name] ?? ''), expected, `${name} ran as a program`)
  }
}

/** What our own stages have read is within the contract, by which programs are checked: nothing is read behind the driver's back. */
function assertReads(inProcess: string, asPrograms: string): void {
  const lines = roadLines(textOf(join(asPrograms, 'road.jsonl')))
  for (const line of roadLines(textOf(join(inProcess, 'road.jsonl')))) {
    const verb = `${stageOf(line)} ${line.verb}`
    const same = lines.find((one) => `${stageOf(one)} ${one.verb}` === verb && filesOf(one.wrote) === filesOf(line.wrote))
    const within = [...same?.read ?? [], ...line.wrote].map(({ file }) => file)
    for (const { file } of line.read) {
      assert.ok(file.startsWith('store:') || within.includes(file), `${verb} reads ${file}, which its contract does not name`)
    }
  }
}

for (const [name, pod] of Object.entries(pods)) {
  story(`${name}: all stages as programs leave the same files as in one process`, () => compare(pod, allStages, 'built'), withoutBuild)
  story(`${name}: all stages run from source leave the same files`, () => compare(pod, allStages, 'from source'), withoutBuild)
}

story('a published port on the default network: all stages as programs leave the same files', () => compare(published, allStages, 'built'),
  withoutBuild !== false ? withoutBuild : hasPlugins ? false : 'the CNI plugins are not installed')

const single = pods['one app with volumes'] ?? assert.fail()
for (const name of allStages.filter((one) => one !== 'stage1-fly')) {
  story(`${name} alone as a program, among built-in stages, leaves the same files`, () => compare(single, [name], 'built'), withoutBuild)
}
