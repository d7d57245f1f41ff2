import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { dirname, join } from 'node:path'
import { after, test } from 'node:test'
import { outsideNames, storeLayout } from '@rocket/contracts'
import { enterCgroup, makeCgroup, native } from '@rocket/host'
import { gc } from './gc.ts'
import { emptyDirectory } from './gc/remove-tree.ts'
import { prepare } from './prepare.ts'
import { DataDirectory, record, request } from './testing/fixture.ts'

const data = new DataDirectory()
after(() => data.remove())
const skip = process.getuid?.() === 0 ? false : 'it needs root'

/** A prepared pod of its own UUID, moved to a place. */
function pod(place: string): { uuid: string; podDirectory: string; storeDirectory: string; podRef: string } {
  const uuid = randomUUID()
  const context = { ...data.makePod('prepare', request({ uuid }), [record(1)]), uuid }
  prepare.apply(prepare.plan(context), context)
  for (const directory of ['logs', 'stage1/rootfs/etc']) mkdirSync(join(context.podDirectory, directory), { recursive: true })
  const podDirectory = join(data.path, 'pods', place, uuid)
  mkdirSync(dirname(podDirectory), { recursive: true })
  renameSync(context.podDirectory, podDirectory)
  const podRef = join(data.store, storeLayout.podRef(uuid))
  writeFileSync(podRef, '{}')
  return { uuid, podDirectory, storeDirectory: data.store, podRef }
}

const context = (one: ReturnType<typeof pod>): Parameters<typeof gc.plan>[0] => ({ ...data.context(one.podDirectory), uuid: one.uuid })
const collect = (one: ReturnType<typeof pod>): unknown => gc.apply(gc.plan(context(one)), context(one))

for (const place of ['garbage', 'exited-garbage']) {
  test(`collects a pod in ${place} whole, and once more without harm`, () => {
    const one = pod(place)
    const canary = join(data.path, `canary-${place}`)
    mkdirSync(canary)
    writeFileSync(join(canary, 'file'), 'stays')
    symlinkSync(canary, join(one.podDirectory, 'logs/link'))
    symlinkSync(canary, join(one.podDirectory, 'sharedVolumes'))
    collect(one)
    assert.equal(existsSync(one.podDirectory), false)
    assert.equal(existsSync(one.podRef), false)
    assert.equal(readFileSync(join(canary, 'file'), 'utf8'), 'stays')
    collect(one)
  })
}

for (const place of ['run', 'prepared', 'prepare', 'embryo']) {
  test(`refuses a pod in ${place}`, () => {
    const one = pod(place)
    assert.throws(() => collect(one), { code: 'POD_WRONG_STATE' })
    assert.ok(existsSync(join(one.podDirectory, 'pod.json')))
  })
}

test('refuses a directory that is not the pod\'s, and a link to one', () => {
  const one = pod('garbage')
  assert.throws(() => gc.plan({ ...context(one), uuid: randomUUID() }), { code: 'POD_WRONG_STATE' })
  const link = join(data.path, 'pods/garbage', randomUUID())
  symlinkSync(one.podDirectory, link)
  assert.throws(() => gc.plan({ ...context(one), podDirectory: link, uuid: link.slice(-36) }), { code: 'POD_WRONG_STATE' })
})

test('the documents stay as long as anything else cannot be removed', { skip }, (t) => {
  const one = pod('garbage')
  const stuck = join(one.podDirectory, 'stage1/rootfs/etc/stuck')
  writeFileSync(stuck, '')
  if (spawnSync('chattr', ['+i', stuck]).status !== 0) return t.skip('this file system has no immutable files')
  try {
    assert.throws(() => collect(one), { code: 'GC_INCOMPLETE' })
    for (const name of ['pod', 'pod.json', 'request.json', 'apps/shell/app.json']) assert.ok(existsSync(join(one.podDirectory, name)), name)
    assert.ok(existsSync(one.podRef))
  } finally {
    spawnSync('chattr', ['-i', stuck])
  }
  collect(one)
  assert.equal(existsSync(one.podDirectory), false)
})

test('a mount in the pod is refused by name, and what is mounted stays whole', { skip }, () => {
  const one = pod('garbage')
  const child = join(import.meta.dirname, 'testing/gc-with-mount.ts')
  const ran = spawnSync(
    'unshare',
    ['-m', '--propagation', 'private', process.execPath, child, one.podDirectory, one.storeDirectory, one.uuid, join(data.path, 'mounted')],
    { encoding: 'utf8' },
  )
  assert.equal(ran.status, 0, ran.stdout + ran.stderr)
  assert.ok(existsSync(join(one.podDirectory, 'pod.json')))
})

test('processes left in the pod\'s cgroups are ended, and the cgroups removed', { skip }, async () => {
  const one = pod('exited-garbage')
  const name = outsideNames.cgroup(one.uuid, 'shell')
  const directories = makeCgroup(name)
  const sleeper = spawn('sleep', ['600'], { stdio: 'ignore' })
  const ended = once(sleeper, 'exit')
  enterCgroup(directories, sleeper.pid as number)
  assert.deepEqual(gc.plan(context(one)).cgroups, [name])
  const ran = spawnSync(process.execPath, [join(import.meta.dirname, 'bin.ts'), 'gc'], {
    cwd: one.podDirectory, env: { RKT_STORE: one.storeDirectory }, encoding: 'utf8', timeout: 20_000,
  })
  if (ran.status !== 0) native().kill(sleeper.pid as number, 9)
  assert.equal(ran.status, 0, ran.stderr)
  assert.equal((await ended)[1], 'SIGKILL')
  for (const directory of directories) assert.equal(existsSync(directory), false)
  assert.equal(existsSync(one.podDirectory), false)
})

test('the run directory goes too', { skip }, () => {
  const one = pod('garbage')
  const run = outsideNames.runDirectory(one.uuid)
  const made = !existsSync(dirname(run))
  mkdirSync(run, { recursive: true })
  writeFileSync(join(run, 'netns'), '')
  collect(one)
  assert.equal(existsSync(run), false)
  if (made) rmdirSync(dirname(run))
})

test('a tree deeper than there are descriptors, with names that are not text, is removed', () => {
  const top = join(data.path, 'deep')
  mkdirSync(top)
  const dig = "for (let i = 0; i < 2500; i++) { fs.mkdirSync('d'); process.chdir('d') } fs.writeFileSync(Buffer.of(255), '')"
  const ran = spawnSync(process.execPath, ['-e', dig], { cwd: top })
  assert.equal(ran.status, 0, String(ran.stderr))
  writeFileSync(join(top, 'kept'), '')
  emptyDirectory(top, ['kept'])
  assert.deepEqual(readdirSync(top), ['kept'])
})
