import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { startPod, textOf } from '../program/home.ts'
import { plain, sh, story, tellStories } from '../program/story.ts'
import { repository } from '../set-up/checkout.ts'
import { roadLines } from './pod-tree.ts'
import { configure, writeProgram } from './stage-programs.ts'

const stage = tellStories()
const stage2 = join(repository, 'packages/conformance/reference/stage2.sh')
const withoutJq = spawnSync('jq', ['--version']).status === 0 ? false : 'jq, which the reference stages use, is not installed'

/** A network stage that does nothing but say that there is no network. */
const silence = `
[ "$1" = up ] || exit 0
echo '{"version":1,"uuid":"'$RKT_UUID'","mode":"none","cniPath":[],"attachments":[],"ports":[]}' > net.json.new && mv net.json.new net.json`

const programsOf = (uuid: string): Record<string, string> => {
  const text = readFileSync(join(stage.home.data, 'pods/run', uuid, 'road.jsonl'), 'utf8')
  return Object.fromEntries(roadLines(text).map((line) => [`${line.stage} ${line.verb}`, line.program]))
}

/** Runs a pod that exits with 5, and returns which program ran each verb. */
async function runWith(global: readonly string[], words: readonly string[]): Promise<Record<string, string>> {
  const { home, images } = stage
  const file = home.file('uuid')
  const { exitCode, stdout, stderr } = await home.rkt(
    [...global, 'run', ...plain, `--uuid-file-save=${file}`, ...words, ...sh(images.busybox, 'echo "on $(ls /sys/class/net)"; exit 5')],
  )
  assert.deepEqual([exitCode, stdout, stderr], [5, 'on lo\n', ''])
  return programsOf(textOf(file))
}

for (const how of ['a flag', 'configuration'] as const) {
  const words = (name: string, flag: string, path: string): [string[], string[]] =>
    how === 'a flag' ? [[], [`--${flag}=${path}`]] : [[`--local-config=${configure(stage.home, { [name]: path })}`], []]

  story(`a network stage in plain shell, named by ${how}`, async () => {
    const program = writeProgram(stage.home, 'network.sh', silence)
    const ran = await runWith(...words('network', 'network-stage', program))
    assert.deepEqual([ran['network up'], ran['stage0 start']], [program, 'builtin'])
  })

  story(`a fetch stage in plain shell that brings what was fetched before, named by ${how}`, async () => {
    const { home, images } = stage
    const prepared = await home.rkt(['prepare', '--insecure-options=image', ...sh(images.busybox, 'true')])
    const uuid = prepared.stdout.trim()
    const before = join(home.data, 'pods/prepared', uuid, 'images.json')
    const program = writeProgram(home, 'fetch.sh', `
[ "$PWD" = "$RKT_STORE" ] || exit 1
sed "s/${uuid}/$RKT_UUID/" ${before} > "$RKT_POD/images.json"
sed "s/${uuid}/$RKT_UUID/" refs/pods/${uuid}.json > "refs/pods/$RKT_UUID.json"`)
    const ran = await runWith(...words('fetch', 'fetch-stage', program))
    assert.equal(ran['fetch fetch'], program)
  })

  story(`a stage2 in plain shell, named by ${how}`, async () => {
    const ran = await runWith(...words('stage2', 'stage2', stage2))
    assert.equal(ran['stage2 run'], stage2)
  }, withoutJq)
}

story('a flag wins over configuration', async () => {
  const program = writeProgram(stage.home, 'network.sh', silence)
  const config = configure(stage.home, { network: writeProgram(stage.home, 'broken.sh', 'exit 1') })
  assert.equal((await runWith([`--local-config=${config}`], [`--network-stage=${program}`]))['network up'], program)
})

story('a stage program finds its pod, the lock and its environment, and nothing else of ours', async () => {
  const { home, images } = stage
  const note = home.file('found')
  const program = writeProgram(home, 'network.sh', `
exec 3> ${note}.$1
(cd /proc/$$/fd && echo fds *) >&3
echo "cwd $(pwd -P)" >&3
echo "lock $(readlink /proc/$$/fd/$RKT_LOCK_FD)" >&3
cut -d= -f1 -z /proc/$$/environ | tr '\\0' '\\n' | sort >&3
exec 3>&-${silence}`)
  const { exitCode, stderr } = await home.rkt(
    ['run', ...plain, `--network-stage=${program}`, '--uuid-file-save=uuid', images.exits, '--', '0'],
    { through: ['/bin/sh', '-c', 'exec 4</etc/passwd 5</etc/passwd 9</etc/passwd "$@"', '/bin/sh'] },
  )
  assert.equal(exitCode, 0, stderr)
  const pod = join(home.data, 'pods/run', textOf(home.file('uuid')))
  for (const verb of ['up', 'down']) {
    const [fds, cwd, lock, ...names] = textOf(`${note}.${verb}`).trimEnd().split('\n')
    // 3 is the note; the shell has its own script open at 10 or above.
    assert.deepEqual(fds?.split(' ').slice(1).map(Number).filter((fd) => fd < 10), [0, 1, 2, 3, 9], verb)
    assert.deepEqual([cwd, lock], [`cwd ${pod}`, `lock ${pod}`])
    assert.deepEqual(names, ['PATH', 'RKT_CONFIG_DIRS', 'RKT_DEBUG', 'RKT_LOCK_FD', 'RKT_POD', 'RKT_STORE', 'RKT_UUID'])
  }
})

story('a stage2 program has the descriptors 0, 1, 2 and 9, and its apps the first three', async () => {
  const { home, images } = stage
  const note = home.file('fds')
  const program = writeProgram(home, 'stage2.sh', `(cd /proc/$$/fd && echo * > ${note})\nexec ${stage2} "$@"`)
  const { stdout } = await home.rkt(['run', ...plain, `--stage2=${program}`, images.busybox, '--exec=/bin/ls', '--', '/proc/self/fd'])
  assert.deepEqual(textOf(note).trim().split(' ').map(Number).filter((fd) => fd < 10), [0, 1, 2, 9])
  // ls has the directory open that it lists.
  assert.equal(stdout, '0\n1\n2\n3\n')
}, withoutJq)

story('a helper that the network stage leaves running lives as long as the pod, and not longer', async () => {
  const { home, images } = stage
  const pid = home.file('helper')
  const program = writeProgram(home, 'network.sh', `[ "$1" = up ] && { setsid sleep 1000 >/dev/null 2>&1 & echo $! > ${pid}; }${silence}`)
  const { uuid, running } = await startPod(home, [...plain, `--network-stage=${program}`, ...sh(images.busybox, 'sleep 60')])
  const helper = `/proc/${textOf(pid).trim()}/cmdline`
  assert.match(textOf(helper), /^sleep/)
  await home.rkt(['stop', uuid])
  await running.ended
  assert.equal(existsSync(helper), false)
})
