import assert from 'node:assert/strict'
import { closeSync, readSync, statSync, writeSync } from 'node:fs'
import { test } from 'node:test'
import { findProgram } from './find-program.ts'
import { linux } from './linux.ts'
import { native } from './native.ts'
import { writeFully } from './output.ts'
import { runProgram } from './run-program.ts'
import { spawn } from './spawn.ts'
import { errno, moduleUrl, temporaryDirectory } from './testing/support.ts'

const sys = native()

test('a descriptor travels over a unix socket', () => {
  const path = `${temporaryDirectory()}/console.sock`
  const listener = sys.listenUnix(path, 1)
  const sender = sys.connectUnix(path)
  const receiver = sys.accept(listener)
  const [read, write] = sys.pipe()
  sys.sendDescriptor(sender, write, Buffer.from('console'))
  writeSync(sender, 'plain')
  const { fd, data } = sys.receiveDescriptor(receiver)
  assert.equal(String(data), 'console')
  writeSync(fd, 'through')
  const buffer = Buffer.alloc(20)
  assert.equal(buffer.toString('utf8', 0, readSync(read, buffer)), 'through')
  assert.deepEqual(sys.receiveDescriptor(receiver), { fd: -1, data: Buffer.from('plain') })
  closeSync(sender)
  assert.deepEqual(sys.receiveDescriptor(receiver), { fd: -1, data: Buffer.alloc(0) })
  for (const one of [fd, listener, receiver, read, write]) closeSync(one)
})

/** Node has no datagram sockets of this kind: somebody else must listen. */
const withPython = { skip: findProgram('python3') === undefined && 'needs python3' }

for (const path of [`@rocket-test-${process.pid}`, undefined]) {
  test(`a notification reaches its ${path === undefined ? 'path' : 'abstract name'}`, withPython, () => {
    const address = path ?? `${temporaryDirectory()}/notify`
    const [read, write] = sys.pipe()
    const script = 'import socket,sys\ns=socket.socket(socket.AF_UNIX,socket.SOCK_DGRAM)\na=sys.argv[1]\ns.bind("\\0"+a[1:] if a[0]=="@" else a)\nprint("bound",flush=True)\nprint(s.recv(100).decode(),flush=True)'
    const pid = spawn('/usr/bin/python3', ['python3', '-c', script, address], {}, { fds: [0, write, 2] })
    closeSync(write)
    const buffer = Buffer.alloc(100)
    readSync(read, buffer)
    sys.sendDatagram(address, Buffer.from('READY=1'))
    assert.equal(buffer.toString('utf8', 0, readSync(read, buffer)), 'READY=1\n')
    assert.deepEqual(sys.waitPid(pid, true), { pid, exitCode: 0 })
    closeSync(read)
  })
}

test('nobody who listens, and a name that is too long, are errors', () => {
  assert.throws(() => sys.sendDatagram(`${temporaryDirectory()}/none`, Buffer.from('x')), errno('ENOENT'))
  assert.throws(() => sys.sendDatagram(`/${'x'.repeat(200)}`, Buffer.from('x')), errno('ENAMETOOLONG'))
})

test('a terminal has a size, a mode, and can control a session', () => {
  const { master, slave } = sys.openPty()
  assert.equal(sys.isatty(slave), 1)
  sys.setWindowSize(master, 50, 132)
  assert.deepEqual(sys.getWindowSize(slave), { rows: 50, columns: 132 })
  const before = sys.setRawMode(slave)
  assert.match(runStty(slave), /-icanon/)
  sys.restoreMode(slave, before)
  assert.doesNotMatch(runStty(slave), /-icanon/)
  const pid = spawn('/bin/sh', ['sh', '-c', 'exec 3</dev/tty && stty size <&3'], process.env, { fds: [slave, slave, slave], newSession: true, terminal: 0 })
  const buffer = Buffer.alloc(100)
  assert.equal(buffer.toString('utf8', 0, readSync(master, buffer)).trim(), '50 132')
  sys.waitPid(pid, true)
  closeSync(slave)
  closeSync(master)
  const [read, write] = sys.pipe()
  assert.equal(sys.isatty(read), 0)
  assert.throws(() => sys.getWindowSize(read), errno('ENOTTY'))
  closeSync(read)
  closeSync(write)
})

function runStty(fd: number): string {
  const [read, write] = sys.pipe()
  const pid = spawn('/usr/bin/stty', ['stty', '-a'], {}, { fds: [fd, write, 2] })
  closeSync(write)
  const buffer = Buffer.alloc(4096)
  const text = buffer.toString('utf8', 0, readSync(read, buffer))
  closeSync(read)
  sys.waitPid(pid, true)
  return text
}

test('output to a full, non-blocking pipe waits for its reader', () => {
  const [read, write] = sys.pipe()
  sys.setNonblocking(write, true)
  const pid = spawn('/bin/sh', ['sh', '-c', 'sleep 0.1; wc -c >/dev/null'], {}, { fds: [read, -1, -1] })
  closeSync(read)
  assert.equal(writeFully(write, Buffer.alloc(300_000)), true)
  closeSync(write)
  assert.deepEqual(sys.waitPid(pid, true), { pid, exitCode: 0 })
})

test('a reader that has gone away ends the output without an error', () => {
  const [read, write] = sys.pipe()
  closeSync(read)
  assert.equal(writeFully(write, 'x'), false)
  closeSync(write)
  const script = `import { writeOut } from '${moduleUrl('output.ts')}'\nwhile (writeOut('y\\n'));`
  assert.equal(runProgram('sh', ['-c', `"$0" --input-type=module -e "$1" | head -1`, process.execPath, script]).stdout.toString(), 'y\n')
})

test('a full disk takes narration silently, and refuses an answer', () => {
  const script = `import { writeErr, writeOut } from '${moduleUrl('output.ts')}'
    if (writeErr('x')) process.exit(1)
    try { writeOut('x') } catch (error) { process.exit(error.code === 'ENOSPC' ? 7 : 2) }`
  assert.equal(runProgram('sh', ['-c', `"$0" --input-type=module -e "$1" > /dev/full 2>&1`, process.execPath, script]).exitCode, 7)
})

test('the addon loads in 2 ms', () => {
  const path = new URL('../dist/native/rocket.node', import.meta.url).pathname
  const source = `const t = performance.now(); process.dlopen({ exports: {} }, '${path}'); console.log(performance.now() - t)`
  const times = Array.from({ length: 5 }, () => Number(runProgram(process.execPath, ['-e', source]).stdout.toString())).sort((a, b) => a - b)
  assert.ok((times[2] ?? 9) < 2, `${times.join()} ms`)
  assert.ok(statSync(path).size < 100_000)
})

test('the whole of a file system is synced', async () => {
  const fd = sys.openat2(linux.AT_FDCWD, temporaryDirectory(), linux.O_RDONLY, 0, 0)
  await sys.syncfs(fd)
  closeSync(fd)
  await assert.rejects(sys.syncfs(fd), errno('EBADF'))
})
