import assert from 'node:assert/strict'
import { existsSync, mkdirSync } from 'node:fs'
import { test } from 'node:test'
import { detectCgroups, hierarchies, prewarmCgroup } from './cgroup.ts'
import { cgroupDirectories, cgroupProcs, enterCgroup, killCgroup, makeCgroup, removeCgroup, waitCgroupEmpty } from './cgroup-tree.ts'
import { parseMountInfo } from './mount-table.ts'
import { native } from './native.ts'
import { spawn } from './spawn.ts'
import { asRoot } from './testing/support.ts'

const name = `rocket-test-${process.pid}`
const withCgroups = { skip: asRoot.skip !== false ? asRoot.skip : detectCgroups().version === 'none' && 'no cgroup hierarchy is mounted' }

const v1 = (controllers: string, at: string): string => `30 20 0:1 / ${at} rw - cgroup cgroup rw,xattr,${controllers}\n`
const v2 = (at: string): string => `31 20 0:2 / ${at} rw - cgroup2 cgroup2 rw,nsdelegate\n`
for (const [text, version, found] of [
  ['', 'none', []],
  [v2('/sys/fs/cgroup'), 'v2', ['/sys/fs/cgroup']],
  [v1('cpu,cpuacct', '/c/cpu') + v1('memory', '/c/memory'), 'v1', ['/c/cpu', '/c/memory']],
  [v1('name=systemd', '/c/systemd') + v2('/c/unified'), 'hybrid', ['/c/unified', '/c/systemd']],
] as const) {
  test(`a machine with ${found.join(' and ') || 'nothing'} has cgroups ${version}`, () => {
    const cgroups = detectCgroups(parseMountInfo(text))
    assert.equal(cgroups.version, version)
    assert.deepEqual(hierarchies(cgroups), found)
    assert.deepEqual(Object.keys(cgroups.controllers), version === 'v1' ? ['cpu', 'cpuacct', 'memory'] : version === 'hybrid' ? ['name=systemd'] : [])
  })
}

test('a cgroup is made, entered, killed with what is below it, and removed', withCgroups, () => {
  const directories = makeCgroup(name, ['pids'])
  assert.deepEqual(makeCgroup(name, ['pids']), directories, 'repeatable')
  assert.deepEqual(cgroupDirectories(name).sort(), [...directories].sort())
  for (const directory of directories) mkdirSync(`${directory}/below/deeper`, { recursive: true })
  const pids = [directories, directories.map((directory) => `${directory}/below/deeper`)].map((where) => {
    const pid = spawn('/bin/sleep', ['sleep', '60'], {})
    enterCgroup(where, pid)
    return pid
  })
  assert.deepEqual(cgroupProcs(name).sort(), pids.sort())
  assert.equal(waitCgroupEmpty(name, 20), false)
  assert.throws(() => removeCgroup(name, 5), { code: 'SYSCALL_FAILED' })
  killCgroup(name)
  for (const pid of pids) assert.deepEqual(native().waitPid(pid, true), { pid, signal: 9 })
  assert.ok(waitCgroupEmpty(name, 2000))
  removeCgroup(name)
  assert.deepEqual(cgroupDirectories(name), [])
  assert.deepEqual(cgroupProcs(name), [])
  for (const repeat of [killCgroup, removeCgroup]) repeat(name)
})

test('processes that keep forking are all killed', withCgroups, () => {
  const directories = makeCgroup(name)
  const pid = spawn('/bin/sh', ['sh', '-c', 'while :; do sleep 5 & sleep 0.01; done'], {})
  enterCgroup(directories, pid)
  native().poll([], [], 100)
  killCgroup(name)
  assert.ok(waitCgroupEmpty(name, 2000))
  native().waitPid(pid, true)
  removeCgroup(name)
  assert.equal(directories.some((directory) => existsSync(directory)), false)
})

for (const bad of ['', '..', 'a/../..', '/a', 'a//b', '.']) {
  test(`the cgroup name ${JSON.stringify(bad)} is refused`, () => assert.throws(() => cgroupProcs(bad), /bad cgroup name/))
}

test('the pre-warm costs nothing here', withCgroups, () => {
  const before = performance.now()
  prewarmCgroup()
  assert.ok(performance.now() - before < 5)
})
