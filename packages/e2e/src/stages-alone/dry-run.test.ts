import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { chmodSync, copyFileSync, cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { names, startPod } from '../program/home.ts'
import { program } from '../program/rkt.ts'
import { plain, sh, story, tellStories } from '../program/story.ts'
import { stageProgram, withoutBuild, type StageProgramName } from './stage-programs.ts'
import { treeState } from './tree-state.ts'

const stage = tellStories()
const nobody = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups', '--']

/** A checkout below a closed directory is nothing that nobody can run. */
const reached = spawnSync('setpriv', [...nobody.slice(1), 'test', '-x', program]).status === 0
const withoutWay = reached ? false : `${program} is out of nobody's reach`

interface Said {
  status: number | null
  document: { code?: string; hint?: string; stage?: string; verb?: string }
  stderr: string
}

function dryRun(path: string, verb: string, pod: string, store: string, through: readonly string[] = []): Said {
  const [file = '', ...words] = [...through, path, verb, '--dry-run']
  const uuid = pod.slice(pod.lastIndexOf('/') + 1)
  const env = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', RKT_POD: pod, RKT_UUID: uuid, RKT_STORE: store, RKT_APP: 'busybox' }
  const { status, stdout, stderr } = spawnSync(file, words, { cwd: verb === 'fetch' ? store : pod, env, encoding: 'utf8' })
  assert.match(stdout, /^\{[^]*\}\n$/, `${path} ${verb}: no JSON on standard output\n${stderr}`)
  return { status, document: JSON.parse(stdout) as Said['document'], stderr }
}

/** `root`: whether the plan must look at what only root may see: the state that a runtime keeps of a pod. */
const verbs: readonly { name: StageProgramName; verb: string; root?: boolean }[] = [
  { name: 'fetch', verb: 'fetch' }, { name: 'stage0', verb: 'prepare' }, { name: 'stage0', verb: 'start' },
  { name: 'network', verb: 'up' }, { name: 'network', verb: 'down' },
  { name: 'stage1-oci', verb: 'create' }, { name: 'stage1-oci', verb: 'create-app' },
  { name: 'stage1-oci', verb: 'destroy-app', root: true }, { name: 'stage1-oci', verb: 'destroy', root: true },
  { name: 'stage1-fly', verb: 'create' }, { name: 'stage1-fly', verb: 'create-app' }, { name: 'stage1-fly', verb: 'destroy' },
  { name: 'stage2', verb: 'run' },
]

story('every verb of every stage prints its plan, without root where that is possible, and changes nothing', async () => {
  const { home, images } = stage
  const image = home.file('busybox.aci')
  copyFileSync(images.busybox, image)
  const { uuid, running } = await startPod(home, [...plain, ...sh(image, 'sleep 60')])
  const live = join(home.data, 'pods/run', uuid)
  const copy = mkdtempSync(join(tmpdir(), 'rocket-dry-run-'))
  try {
    const data = copyFor(65534, home.data, copy)
    chmodSync(home.directory, 0o755)
    const pod = join(data, 'pods/run', uuid)
    for (const { name, verb, root } of verbs) {
      const built = stageProgram(home, name, 'built')
      const look = (): object => ({ copy: treeState(data), live: treeState(live), run: names(`/run/rkt/${uuid}`), mounts: mountsOf(uuid) })
      const before = look()

      const asNobody = dryRun(built, verb, pod, join(data, 'cas'), nobody)
      assert.equal(asNobody.status, root === true ? 254 : 0, `${name} ${verb} as nobody: ${asNobody.stderr}`)
      if (root === true) {
        const { code, hint, stage: raisedIn, verb: raisedBy } = asNobody.document
        assert.deepEqual([code, hint, raisedIn, raisedBy], ['NOT_ROOT', 'run as root or as a member of the group that owns it', name, verb])
      }

      const asRoot = dryRun(built, verb, live, join(home.data, 'cas'))
      assert.equal(asRoot.status, 0, `${name} ${verb} as root: ${asRoot.stderr}`)
      assert.deepEqual(look(), before, `${name} ${verb}`)
    }
    assert.match((await home.rkt(['status', uuid])).stdout, /^state=running$/m)

    const garbage = join(data, 'pods/garbage', uuid)
    cpSync(join(data, 'pods/run'), join(data, 'pods/garbage'), { recursive: true, preserveTimestamps: true, force: false })
    const before = treeState(garbage)
    assert.equal(dryRun(stageProgram(home, 'stage0', 'built'), 'gc', garbage, join(data, 'cas')).status, 0)
    assert.deepEqual(treeState(garbage), before)
  } finally {
    rmSync(copy, { recursive: true })
    await home.rkt(['stop', uuid])
    await running.ended
  }
}, withoutBuild !== false ? withoutBuild : withoutWay)

/** A data directory of somebody else's, readable to them. */
function copyFor(user: number, data: string, parent: string): string {
  chmodSync(parent, 0o755)
  spawnSync('cp', ['-a', data, join(parent, 'data')])
  spawnSync('chown', ['-R', `${user}:${user}`, parent])
  return join(parent, 'data')
}

/** On the host, where other tests mount as well. */
function mountsOf(uuid: string): string[] {
  return readFileSync('/proc/self/mountinfo', 'utf8').split('\n').filter((line) => line.includes(uuid))
}
