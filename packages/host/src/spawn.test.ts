import assert from 'node:assert/strict'
import { closeSync, mkdirSync, openSync, readdirSync, readFileSync, readlinkSync, readSync, writeFileSync } from 'node:fs'
import { test } from 'node:test'
import fc from 'fast-check'
import { linux } from './linux.ts'
import { native } from './native.ts'
import { drainEnded, isAlive, processStat, startTime } from './process.ts'
import { spawn, type SpawnOptions } from './spawn.ts'
import { asRoot, errno, eventually, moduleUrl, startScript, temporaryDirectory } from './testing/support.ts'

/** What a shell command writes, and how it ends. */
function shell(command: string, options: SpawnOptions = {}, env: Record<string, string> = {}): string {
  const [read, write] = native().pipe()
  const fds = [...(options.fds ?? [0, 1, 2])]
  fds[1] = write
  const pid = spawn('/bin/sh', ['sh', '-c', command], env, { ...options, fds })
  closeSync(write)
  const buffer = Buffer.alloc(65536)
  let length = 0
  for (let count = -1; count !== 0; length += count) count = readSync(read, buffer, length, buffer.length - length, null)
  closeSync(read)
  assert.deepEqual(native().waitPid(pid, true), { pid, exitCode: 0 }, command)
  return buffer.toString('utf8', 0, length).trim()
}

for (const [file, wanted] of [
  ['/nowhere/program', 'ENOENT'],
  ['/etc/passwd', 'EACCES'],
  ['/etc', 'EACCES'],
] as const) {
  test(`a program that cannot be executed throws ${wanted} where it is started: ${file}`, () => {
    assert.throws(() => spawn(file, ['x'], {}), (error) => errno(wanted)(error) && (error as { path?: string }).path === file)
    assert.throws(() => native().waitPid(-1 >>> 1, false), errno('ECHILD'))
  })
}

test('a text without #! is no program', () => {
  const path = `${temporaryDirectory()}/text`
  writeFileSync(path, 'echo hello\n', { mode: 0o755 })
  assert.throws(() => spawn(path, ['x'], {}), errno('ENOEXEC'))
})

test('a missing working directory is named', () => {
  assert.throws(() => spawn('/bin/true', ['true'], {}, { cwd: '/nowhere' }), { code: 'ENOENT', syscall: 'chdir', path: '/nowhere' })
})

test('only the listed descriptors reach the program, in their order', () => {
  const first = openSync('/etc', 'r')
  const second = openSync('/usr', 'r')
  native().setCloexec(first, false)
  const pid = spawn('/bin/sleep', ['sleep', '60'], {}, { fds: [0, 1, 2, second, -1, first] })
  assert.deepEqual(readdirSync(`/proc/${pid}/fd`).sort(), ['0', '1', '2', '3', '5'])
  assert.deepEqual([3, 5].map((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`)), ['/usr', '/etc'])
  native().kill(pid, 9)
  native().waitPid(pid, true)
  closeSync(first)
  closeSync(second)
})

test('descriptors can be permuted at will', () => {
  const files = ['/', '/etc', '/usr', '/proc', '/tmp', '/dev'].map((path) => [path, openSync(path, 'r')] as const)
  const targets = files.map(([path, fd]) => [path, native().dup(fd, 60 + files.findIndex(([other]) => other === path), true)] as const)
  const order = fc.shuffledSubarray(targets.map((_, index) => index), { minLength: targets.length })
  fc.assert(fc.property(order, (permutation) => {
    // Sources 60 to 65 onto targets 60 to 65: every cycle is met.
    const fds = [0, 1, 2, ...Array.from({ length: 57 }, () => -1), ...permutation.map((index) => 60 + index)]
    const pid = spawn('/bin/sleep', ['sleep', '60'], {}, { fds })
    const seen = permutation.map((_, position) => readlinkSync(`/proc/${pid}/fd/${60 + position}`))
    native().kill(pid, 9)
    native().waitPid(pid, true)
    assert.deepEqual(seen, permutation.map((index) => targets[index]?.[0]))
  }), { numRuns: 20 })
  for (const [, fd] of [...files, ...targets]) closeSync(fd)
})

test('arguments and environment arrive byte by byte', () => {
  assert.equal(shell('printf %s "$A"', {}, { A: 'ä b\nc=d' }), 'ä b\nc=d')
  assert.equal(shell('cat /proc/self/environ', {}, {}).replace(/(PWD|OLDPWD|SHLVL|_)=[^\0]*\0/g, ''), '')
})

test('signals are as at birth: nothing ignored, nothing blocked', () => {
  const status = shell('grep -E "^Sig(Blk|Ign)" /proc/self/status')
  assert.deepEqual(status.split('\n').map((line) => Number.parseInt(line.split('\t')[1] ?? '', 16)), [0, 0])
  process.on('SIGUSR2', () => {})
  assert.match(shell('grep ^SigCgt /proc/$$/status'), /^SigCgt:\s+[0-9a-f]+$/)
  process.removeAllListeners('SIGUSR2')
})

test('session, group and working directory are as asked', () => {
  const pid = spawn('/bin/sleep', ['sleep', '60'], {}, { newSession: true, cwd: '/usr' })
  const stat = processStat(pid)
  assert.deepEqual([stat?.session, stat?.processGroup], [pid, pid])
  assert.equal(readlinkSync(`/proc/${pid}/cwd`), '/usr')
  native().kill(pid, 9)
  native().waitPid(pid, true)
  const grouped = spawn('/bin/sleep', ['sleep', '60'], {}, { newGroup: true })
  assert.deepEqual([processStat(grouped)?.processGroup, processStat(grouped)?.session], [grouped, processStat(process.pid)?.session])
  native().kill(-grouped, 9)
  native().waitPid(grouped, true)
})

test('identity is taken completely, by the child alone', asRoot, () => {
  const status = shell('grep -E "^(Uid|Gid|Groups|NoNewPrivs)" /proc/self/status', { uid: 4294967294, gid: 34, groups: [56, 78], noNewPrivileges: true })
  const lines = status.split('\n').map((line) => line.split(/\s+/).filter((word) => word !== '').slice(1))
  const uid = '4294967294'
  assert.deepEqual(lines, [[uid, uid, uid, uid], ['34', '34', '34', '34'], ['56', '78'], ['1']])
  assert.equal(process.getuid?.(), 0)
})

for (const id of [-2, -1, 4294967295, 4294967296, 2 ** 53, NaN, Infinity, 0.5]) {
  test(`user, group or member ${id} is refused: it would be another`, () => {
    for (const options of [{ uid: id }, { gid: id }, { groups: [id] }]) assert.throws(() => spawn('/bin/true', ['true'], {}, options), errno('EINVAL'))
    assert.throws(() => native().setgroups([id]), errno('EINVAL'))
    if (id === -1 || id === 4294967295) return
    assert.throws(() => native().setresuid(id, id, id), { code: 'ERR_INVALID_ARG_TYPE' })
    assert.throws(() => native().fchownat(linux.AT_FDCWD, '/nowhere', id, 0, 0), { code: 'ERR_INVALID_ARG_TYPE' })
  })
}

test('the identity of this process, all of its threads, is given up', asRoot, () => {
  const pid = startScript(`
    import { native } from '${moduleUrl('native.ts')}'
    import { readdirSync, readFileSync } from 'node:fs'
    native().setgroups([7])
    native().setresgid(5, 5, 5)
    native().setresuid(6, 6, 6)
    native().setNoNewPrivileges()
    const wanted = '6 6 6 6|5 5 5 5|7'
    const all = readdirSync('/proc/self/task').map((task) => ['Uid', 'Gid', 'Groups'].map((name) => new RegExp('^' + name + ':.(.*)$', 'm')
      .exec(readFileSync('/proc/self/task/' + task + '/status', 'utf8'))[1].trim().replaceAll('\t', ' ')).join('|'))
    native().exit(all.every((one) => one === wanted) ? 0 : 1)
  `)
  assert.deepEqual(native().waitPid(pid, true), { pid, exitCode: 0 })
})

test('a root of its own', asRoot, () => {
  const root = temporaryDirectory()
  mkdirSync(`${root}/inside`)
  assert.throws(() => spawn('/bin/true', ['true'], {}, { root, cwd: '/inside' }), errno('ENOENT'))
  assert.throws(() => spawn('/bin/true', ['true'], {}, { root, cwd: '/usr' }), { code: 'ENOENT', syscall: 'chdir' })
})

test('a child with a parent-death signal ends with us, whatever its user is', asRoot, () => {
  const note = `${temporaryDirectory()}/pid`
  const pid = startScript(`
    import { writeFileSync } from 'node:fs'
    import { spawn } from '${moduleUrl('spawn.ts')}'
    const child = spawn('/bin/sleep', ['sleep', '60'], {}, { parentDeathSignal: 9, uid: 1000, gid: 1000, groups: [] })
    writeFileSync('${note}.new', String(child))
    ;(await import('node:fs')).renameSync('${note}.new', '${note}')
    setInterval(() => {}, 1000)
  `)
  let child = 0
  assert.ok(eventually(() => {
    try {
      child = Number(readFileSync(note, 'utf8'))
    } catch {}
    return child > 0
  }))
  const born = startTime(child)
  assert.ok(isAlive(child, born))
  native().kill(pid, 9)
  native().waitPid(pid, true)
  assert.ok(eventually(() => !isAlive(child, born)))
})

test('exit codes and signals are told exactly', () => {
  for (const exitCode of [0, 1, 127, 128, 137, 254, 255]) {
    const pid = spawn('/bin/sh', ['sh', '-c', `exit ${exitCode}`], {})
    assert.deepEqual(native().waitPid(pid, true), { pid, exitCode })
  }
  for (const signal of [1, 2, 9, 11, 15, 31, 40, 64]) {
    const pid = spawn('/bin/sleep', ['sleep', '60'], {})
    native().kill(pid, signal)
    assert.deepEqual(native().waitPid(pid, true), { pid, signal })
  }
})

test('waitAny tells each child once, and undefined while they run or when there is none', () => {
  assert.equal(native().waitAny(), undefined)
  const codes = new Map(Array.from({ length: 20 }, (_, code) => [spawn('/bin/sh', ['sh', '-c', `exit ${code}`], {}), code] as const))
  const resident = spawn('/bin/sleep', ['sleep', '60'], {})
  const seen = new Map<number, number | undefined>()
  assert.ok(eventually(() => {
    for (const ended of drainEnded()) seen.set(ended.pid, ended.exitCode)
    return seen.size === codes.size
  }))
  assert.deepEqual([...seen].sort(), [...codes].sort())
  assert.equal(native().waitAny(), undefined)
  native().kill(resident, 9)
  assert.deepEqual(native().waitPid(resident, true), { pid: resident, signal: 9 })
})

test('a pidfd tells the end and takes signals', () => {
  const pid = spawn('/bin/sleep', ['sleep', '60'], {})
  const fd = native().pidfdOpen(pid)
  assert.deepEqual(native().poll([fd], [linux.POLLIN], 0), [0])
  native().pidfdSendSignal(fd, 15)
  assert.deepEqual(native().poll([fd], [linux.POLLIN], 5000), [linux.POLLIN])
  assert.deepEqual(native().waitPid(pid, true), { pid, signal: 15 })
  closeSync(fd)
})

test('starting costs less than a millisecond, whatever the heap', () => {
  const ballast = Array.from({ length: 200 }, () => Buffer.alloc(1 << 20, 1))
  const times = Array.from({ length: 20 }, () => {
    const before = performance.now()
    const pid = spawn('/bin/true', ['true'], {})
    const took = performance.now() - before
    native().waitPid(pid, true)
    return took
  }).sort((a, b) => a - b)
  assert.ok((times[10] ?? 9) < 1, `median ${times[10]} ms with ${ballast.length} MiB`)
})
