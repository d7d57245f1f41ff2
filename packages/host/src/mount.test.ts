import assert from 'node:assert/strict'
import { closeSync, mkdirSync, openSync, readdirSync, readFileSync, readlinkSync, statSync, writeFileSync } from 'node:fs'
import { before, test } from 'node:test'
import { bindMount, bindThenRemount } from './bind-mount.ts'
import { linux } from './linux.ts'
import { enterPrivateMountNamespace, mountFileSystem, setPropagation, unmount } from './mount.ts'
import { mountsBelow, parseMountInfo, readMounts } from './mount-table.ts'
import { startHolder } from './namespaces.ts'
import { native } from './native.ts'
import { mountOverlay, overlayOptions } from './overlay.ts'
import { runProgram } from './run-program.ts'
import { spawn } from './spawn.ts'
import { asRoot, errno, temporaryDirectory } from './testing/support.ts'

const directory = temporaryDirectory()

before(() => {
  if (asRoot.skip !== false) return
  // Below everything a tmpfs of ours: nothing is left when the process ends.
  enterPrivateMountNamespace()
  mountFileSystem('tmpfs', directory)
})

function make(name: string, files: Record<string, string> = {}): string {
  mkdirSync(`${directory}/${name}`, { recursive: true })
  for (const [file, text] of Object.entries(files)) writeFileSync(`${directory}/${name}/${file}`, text)
  return `${directory}/${name}`
}

test('what is mounted does not go out, and what the host mounts comes in', asRoot, () => {
  // The outer namespace is a shared one, as on a systemd host.
  const script = `
    set -e
    mount --make-rshared /
    mount -t tmpfs outer ${directory}; mkdir ${directory}/in ${directory}/out
    ${process.execPath} --input-type=module -e '
      import { enterPrivateMountNamespace, mountFileSystem } from "${new URL('mount.ts', import.meta.url).href}"
      import { existsSync, writeFileSync } from "node:fs"
      enterPrivateMountNamespace()
      mountFileSystem("tmpfs", "${directory}/in"); writeFileSync("${directory}/in/mine", "")
      writeFileSync("${directory}/ready", "")
      for (let i = 0; i < 500 && !existsSync("${directory}/done"); i++) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10)
      process.exit(existsSync("${directory}/out/host") ? 0 : 1)' &
    for i in $(seq 500); do [ -e ${directory}/ready ] && break; sleep 0.01; done
    [ ! -e ${directory}/in/mine ]
    mount -t tmpfs late ${directory}/out; touch ${directory}/out/host
    touch ${directory}/done
    wait $!`
  const result = runProgram('unshare', ['-m', '--propagation', 'private', 'sh', '-c', script])
  assert.deepEqual([result.exitCode, result.stderr.toString()], [0, ''])
})

test('100 of 100 children started after it are in the new mount namespace', asRoot, () => {
  const ours = readlinkSync('/proc/thread-self/ns/mnt')
  const theirs = Array.from({ length: 100 }, () => {
    const pid = spawn('/bin/sleep', ['sleep', '60'], {})
    const seen = readlinkSync(`/proc/${pid}/ns/mnt`)
    native().kill(pid, 9)
    native().waitPid(pid, true)
    return seen
  })
  assert.deepEqual(theirs, Array.from({ length: 100 }, () => ours))
  assert.notEqual(ours, readlinkSync(`/proc/${process.ppid}/ns/mnt`))
})

test('an overlay of 120 trees by short names shows the topmost of each file', asRoot, () => {
  const base = make('layers')
  const trees = Array.from({ length: 120 }, (_, index) => `${index}-${'x'.repeat(24)}`)
  trees.forEach((tree, index) => make(`layers/${tree}`, { same: String(index), [`own-${index}`]: '' }))
  const cwd = process.cwd()
  const [upper, work, target] = [make('upper'), make('work'), make('target')]
  mountOverlay({ trees, base, upper, work, target })
  assert.equal(readMounts().findLast((mount) => mount.mountPoint === target)?.type, 'overlay')
  assert.equal(readFileSync(`${target}/same`, 'utf8'), '119')
  assert.equal(readdirSync(target).length, 121)
  writeFileSync(`${target}/same`, 'changed')
  assert.equal(readFileSync(`${upper}/same`, 'utf8'), 'changed')
  assert.equal(readFileSync(`${base}/${trees[119]}/same`, 'utf8'), '119')
  assert.equal(process.cwd(), cwd)
  assert.ok(overlayOptions({ trees }).length < 4096)
  unmount(target)
})

test('trees whose names do not fit the option string are mounted one by one', asRoot, () => {
  const trees = Array.from({ length: 120 }, (_, index) => make(`long/${index}-${'y'.repeat(100)}`, { same: String(index) }))
  const [upper, work, target] = [make('long-upper'), make('long-work'), make('long-target')]
  assert.throws(() => native().mount('overlay', target, 'overlay', 0, overlayOptions({ trees: trees.slice(0, 40) })), errno('E2BIG'))
  mountOverlay({ trees, upper, work, target })
  assert.equal(readFileSync(`${target}/same`, 'utf8'), '119')
  unmount(target)
})

for (const name of ['colon:', 'comma,', 'back\\slash', 'all,:\\three', 'blank and ä']) {
  test(`an overlay of directories called ${name}`, asRoot, () => {
    const tree = make(`odd/${name}/tree`, { file: 'there' })
    const other = make(`odd/${name}/other`)
    const [upper, work, target] = [make(`odd/${name}/upper`), make(`odd/${name}/work`), make(`odd/${name}/target`)]
    mountOverlay({ trees: [tree, other], upper, work, target })
    assert.equal(readFileSync(`${target}/file`, 'utf8'), 'there')
    assert.deepEqual(mountsBelow(target), [target])
    unmount(target)
  })
}

test('one tree without an upper is mounted read-only, as it is', asRoot, () => {
  const base = make('single')
  make('single/tree', { file: 'there' })
  const target = make('single-target')
  mountOverlay({ trees: ['tree'], base, target })
  assert.equal(readFileSync(`${target}/file`, 'utf8'), 'there')
  assert.throws(() => writeFileSync(`${target}/new`, ''), errno('EROFS'))
  unmount(target)
})

test('a read-only overlay refuses writes', asRoot, () => {
  const target = make('ro-target')
  mountOverlay({ trees: [make('ro-a', { file: 'a' }), make('ro-b')], upper: make('ro-upper'), work: make('ro-work'), target, readOnly: true })
  assert.throws(() => writeFileSync(`${target}/file`, ''), errno('EROFS'))
  unmount(target)
})

for (const [way, bind] of [['at once', bindMount], ['mount by mount, as on old kernels', bindThenRemount]] as const) {
  test(`a recursive read-only bind, ${way}, is read-only to its depths, and its source is not`, asRoot, () => {
    const source = make('bound')
    mountFileSystem('tmpfs', make('bound/below'), { noSuid: true })
    make('bound/below', { file: 'deep' })
    const [deep, flat] = [make('deep'), make('flat')]
    bind(source, deep, { recursive: true, readOnly: true, noDev: true })
    bind(source, flat, {})
    assert.deepEqual(mountsBelow(deep), [deep, `${deep}/below`])
    for (const path of [`${deep}/new`, `${deep}/below/new`]) assert.throws(() => writeFileSync(path, ''), errno('EROFS'))
    const below = readMounts().findLast((mount) => mount.mountPoint === `${deep}/below`)?.options
    assert.deepEqual(['ro', 'nodev', 'nosuid'].filter((option) => !below?.includes(option)), [])
    writeFileSync(`${source}/below/new`, '')
    assert.deepEqual(readdirSync(`${deep}/below`), ['file', 'new'])
    assert.deepEqual(readdirSync(`${flat}/below`), [], 'not recursive: the mount below stays out')
    for (const point of [`${deep}/below`, deep, flat, `${source}/below`]) unmount(point)
  })
}

test('a file is bound onto a file, and onto what a descriptor names', asRoot, () => {
  const from = make('files', { source: 'source', target: 'target', other: 'other' })
  bindMount(`${from}/source`, `${from}/target`)
  assert.equal(readFileSync(`${from}/target`, 'utf8'), 'source')
  const [fromFd, toFd] = [`${from}/source`, `${from}/other`].map((path) => openSync(path, linux.O_PATH)) as [number, number]
  native().renameat2(linux.AT_FDCWD, `${from}/other`, linux.AT_FDCWD, `${from}/moved`, 0)
  bindMount(fromFd, toFd, { readOnly: true })
  assert.equal(readFileSync(`${from}/moved`, 'utf8'), 'source')
  assert.throws(() => writeFileSync(`${from}/moved`, ''), errno('EROFS'))
  closeSync(fromFd)
  closeSync(toFd)
})

test('a file system is mounted on what a descriptor names', asRoot, () => {
  const target = make('by-fd')
  const fd = openSync(target, linux.O_PATH)
  mountFileSystem('tmpfs', fd, { data: 'size=64k,mode=711', noSuid: true, noDev: true, noExec: true })
  assert.equal(statSync(target).mode & 0o7777, 0o711)
  closeSync(fd)
  const mount = readMounts().findLast((one) => one.mountPoint === target)
  assert.deepEqual(['nosuid', 'nodev', 'noexec'].filter((option) => !mount?.options.includes(option)), [])
})

test('unmounting does not follow a link, and lets go of a busy one later when asked', asRoot, () => {
  const target = make('busy')
  mountFileSystem('tmpfs', target)
  const fd = openSync(target, 'r')
  assert.throws(() => unmount(target), errno('EBUSY'))
  unmount(target, { detach: true })
  assert.deepEqual(mountsBelow(target), [])
  closeSync(fd)
  native().symlinkat(make('linked'), linux.AT_FDCWD, `${directory}/a-link`)
  mountFileSystem('tmpfs', `${directory}/linked`)
  assert.throws(() => unmount(`${directory}/a-link`), errno('EINVAL'))
})

test('the mount namespace of a process can be joined', asRoot, () => {
  const holder = startHolder({ namespaces: ['mnt'] })
  const theirs = readlinkSync(`/proc/${holder.pid}/ns/mnt`)
  const source = `
    import { joinMountNamespace } from '${new URL('namespaces.ts', import.meta.url).href}'
    import { readlinkSync } from 'node:fs'
    joinMountNamespace(${holder.pid})
    process.exit(readlinkSync('/proc/thread-self/ns/mnt') === '${theirs}' && process.cwd() === '/' ? 0 : 1)`
  const result = runProgram(process.execPath, ['--input-type=module', '-e', source])
  assert.deepEqual([result.exitCode, result.stderr.toString()], [0, ''])
  native().kill(holder.pid, 9)
  native().waitPid(holder.pid, true)
})

test('the table of mounts is read with its escapes and optional fields', () => {
  const text = [
    '36 35 98:0 /mnt1 /mnt\\0402\\134 rw,noatime master:1 shared:7 - ext3 /dev/root rw,errors=continue',
    '37 35 0:5 / /proc rw - proc proc rw',
  ].join('\n')
  const [first, second] = parseMountInfo(text)
  assert.deepEqual(first, {
    id: 36, parent: 35, device: '98:0', root: '/mnt1', mountPoint: '/mnt 2\\', options: ['rw', 'noatime'], propagation: ['master:1', 'shared:7'],
    type: 'ext3', source: '/dev/root', superOptions: ['rw', 'errors=continue'],
  })
  assert.deepEqual(second?.propagation, [])
})

test('propagation is set as asked', asRoot, () => {
  const target = make('propagated')
  mountFileSystem('tmpfs', target)
  setPropagation(target, 'shared')
  assert.match(readMounts().findLast((mount) => mount.mountPoint === target)?.propagation.join() ?? '', /^shared:\d+/)
  setPropagation(target, 'private', true)
  assert.deepEqual(readMounts().findLast((mount) => mount.mountPoint === target)?.propagation, [])
})
