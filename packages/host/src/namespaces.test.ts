import assert from 'node:assert/strict'
import { closeSync, mkdirSync, readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs'
import { test } from 'node:test'
import { findProgram } from './find-program.ts'
import { linux } from './linux.ts'
import { lockDirectory, probeLock, releaseLock } from './lock.ts'
import { type Holder, type HolderOptions, LOCK_FD, openNamespace, setHostname, setLoopbackUp, startHolder } from './namespaces.ts'
import { native } from './native.ts'
import { isAlive, processStat } from './process.ts'
import { runProgram } from './run-program.ts'
import { spawn } from './spawn.ts'
import { asRoot, eventually, moduleUrl, startScript, temporaryDirectory } from './testing/support.ts'

const pod: HolderOptions['namespaces'] = ['pid', 'net', 'ipc', 'uts']
const directory = temporaryDirectory()

function withHolder(options: HolderOptions, work: (holder: Holder) => void): void {
  const holder = startHolder(options)
  try {
    work(holder)
  } finally {
    native().kill(holder.pid, 9)
    assert.deepEqual(native().waitPid(holder.pid, true), { pid: holder.pid, signal: 9 })
  }
}

/** A program inside the pid namespace, by path, as a runtime joins. Its pid as we see it. */
function startInside(holder: Holder, command: string): number {
  const nsenter = findProgram('nsenter') ?? 'nsenter'
  const starter = spawn(nsenter, ['nsenter', `--pid=/proc/${holder.pid}/ns/pid`, 'sh', '-c', command], process.env)
  let inside: number | undefined
  assert.ok(eventually(() => (inside = insidePidsOf(holder).find((pid) => pid !== holder.pid)) !== undefined))
  assert.ok(isAlive(starter))
  return inside as number
}

function insidePidsOf(holder: Holder): number[] {
  const namespace = readlinkSync(`/proc/${holder.pid}/ns/pid`)
  return readdirSync('/proc').filter((name) => /^\d+$/.test(name)).map(Number).filter((pid) => {
    try {
      return readlinkSync(`/proc/${pid}/ns/pid`) === namespace
    } catch {
      return false
    }
  })
}

test('the holder is the first process of namespaces of its own, with the lock and nothing else', asRoot, () => {
  const fd = lockDirectory(directory, { kind: 'exclusive' })
  withHolder({ namespaces: pod, lockFd: fd, hostname: 'pod-host', label: 'x' }, (holder) => {
    for (const kind of pod) assert.notEqual(readlinkSync(`/proc/${holder.pid}/ns/${kind}`), readlinkSync(`/proc/self/ns/${kind}`), kind)
    assert.equal(readlinkSync(`/proc/${holder.pid}/ns/mnt`), readlinkSync('/proc/self/ns/mnt'))
    assert.ok(eventually(() => processStat(holder.pid)?.state === 'S'))
    assert.match(readFileSync(`/proc/${holder.pid}/status`, 'utf8'), /^NSpid:\t\d+\t1$/m)
    assert.deepEqual(readdirSync(`/proc/${holder.pid}/fd`), [String(LOCK_FD)])
    assert.equal(readFileSync(`/proc/${holder.pid}/cmdline`, 'latin1'), `rocket-pod\0${process.pid}\0x\0`)
    assert.equal(processStat(holder.pid)?.startTime, holder.startTime)
    const rss = Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${holder.pid}/status`, 'utf8'))?.[1])
    assert.ok(rss <= 64, `${rss} KiB resident`)
    releaseLock(fd)
    assert.equal(probeLock(directory), 'held')
  })
  assert.equal(probeLock(directory), 'free')
})

test('its host name is set and its loopback is up', asRoot, () => {
  withHolder({ namespaces: pod, hostname: 'pod-host' }, (holder) => {
    const inside = (...args: string[]): string => runProgram('nsenter', [`--uts=/proc/${holder.pid}/ns/uts`, `--net=/proc/${holder.pid}/ns/net`, ...args]).stdout.toString().trim()
    assert.equal(inside('uname', '-n'), 'pod-host')
    setHostname('renamed', holder.pid)
    assert.equal(inside('uname', '-n'), 'renamed')
    const flags = inside('sh', '-c', 'mount -t sysfs none /mnt 2>/dev/null; cat /proc/net/fib_trie')
    assert.match(flags, /127\.0\.0\.1/)
  })
})

test('loopback can be left down and brought up later, from outside', asRoot, () => {
  withHolder({ namespaces: ['net'], loopback: false }, (holder) => {
    const trie = (): string => readFileSync(`/proc/${holder.pid}/net/fib_trie`, 'utf8')
    const before = readlinkSync('/proc/thread-self/ns/net')
    assert.doesNotMatch(trie(), /127\.0\.0\.1/)
    setLoopbackUp(holder.pid)
    assert.match(trie(), /127\.0\.0\.1/)
    assert.equal(readlinkSync('/proc/thread-self/ns/net'), before)
    assert.equal(native().waitAny(), undefined)
  })
})

test('no signal but KILL ends it', asRoot, () => {
  withHolder({ namespaces: pod }, (holder) => {
    assert.ok(eventually(() => processStat(holder.pid)?.state === 'S'))
    for (let signal = 1; signal <= 64; signal++) {
      if (![9, 19].includes(signal)) {
        try {
          native().kill(holder.pid, signal)
        } catch (error) {
          assert.equal((error as { code?: string }).code, 'EINVAL')
        }
      }
    }
    native().poll([], [], 30)
    assert.ok(isAlive(holder.pid, holder.startTime))
  })
})

test('it reaps what is left to it', asRoot, () => {
  withHolder({ namespaces: pod }, (holder) => {
    startInside(holder, 'for i in 1 2 3 4 5; do (sleep 0.05 &) ; done; sleep 60')
    // The five children of the subshells became the holder's when those ended.
    assert.ok(eventually(() => insidePidsOf(holder).filter((pid) => processStat(pid)?.parent === holder.pid).length === 0))
    native().poll([], [], 100)
    assert.deepEqual(insidePidsOf(holder).filter((pid) => processStat(pid)?.state === 'Z'), [])
  })
  assert.ok(eventually(() => native().waitAny() !== undefined), 'nsenter ended with what it had started')
})

for (const end of ['KILL', 'TERM', 'exit'] as const) {
  test(`everything in the pod dies when its supervisor ends by ${end}, and the lock is free`, asRoot, () => {
    const locked = `${directory}/${end}`
    mkdirSync(locked)
    const pid = startScript(`
      import { lockDirectory, releaseLock } from '${moduleUrl('lock.ts')}'
      import { startHolder } from '${moduleUrl('namespaces.ts')}'
      import { native } from '${moduleUrl('native.ts')}'
      import { writeFileSync } from 'node:fs'
      const fd = lockDirectory('${locked}', { kind: 'exclusive' })
      writeFileSync('${locked}/holder', JSON.stringify(startHolder({ namespaces: ['pid', 'net', 'ipc', 'uts'], lockFd: fd })))
      releaseLock(fd)
      writeFileSync('${locked}/ready', '')
      if ('${end}' === 'exit') { while (true) try { (await import('node:fs')).statSync('${locked}/go'); native().exit(0) } catch { native().poll([], [], 5) } }
      setInterval(() => {}, 1000)
    `)
    assert.ok(eventually(() => statSync(`${locked}/ready`, { throwIfNoEntry: false }) !== undefined))
    const holder = JSON.parse(readFileSync(`${locked}/holder`, 'utf8')) as Holder
    const inside = startInside(holder, 'trap "" TERM INT HUP; sleep 60 & sleep 60')
    assert.equal(probeLock(locked), 'held')
    assert.ok(eventually(() => insidePidsOf(holder).length === 4), 'the holder, the shell and its two children')
    const all = insidePidsOf(holder)
    assert.ok(all.includes(inside))
    if (end === 'exit') mkdirSync(`${locked}/go`)
    else native().kill(pid, end === 'KILL' ? 9 : 15)
    native().waitPid(pid, true)
    assert.ok(eventually(() => all.every((one) => !isAlive(one))), 'nobody of the pod is left')
    assert.ok(eventually(() => probeLock(locked) === 'free'))
    assert.ok(eventually(() => native().waitAny() !== undefined))
  })
}

test('it lives on when its supervisor executes another program', asRoot, () => {
  const note = `${directory}/note`
  const pid = startScript(`
    import { startHolder } from '${moduleUrl('namespaces.ts')}'
    import { writeFileSync } from 'node:fs'
    writeFileSync('${note}', JSON.stringify(startHolder({ namespaces: ['pid'] })))
    process.execve('/bin/sleep', ['sleep', '60'], {})
  `)
  assert.ok(eventually(() => processStat(pid)?.name === 'sleep'))
  const holder = JSON.parse(readFileSync(note, 'utf8')) as Holder
  native().poll([], [], 50)
  assert.ok(isAlive(holder.pid, holder.startTime))
  native().kill(pid, 9)
  native().waitPid(pid, true)
  assert.ok(eventually(() => !isAlive(holder.pid, holder.startTime)))
})

test('one whose supervisor is not who it expects ends at once', asRoot, () => {
  const file = new URL('../dist/native/pod-init', import.meta.url).pathname
  for (const argv of [['pod-init'], ['pod-init', '1'], ['pod-init', 'x']]) {
    const pid = native().spawn(file, argv, [], { fds: [], cloneFlags: linux.CLONE_NEWPID })
    assert.deepEqual(native().waitPid(pid, true), { pid, exitCode: 3 })
  }
})

test('a program can be started inside other namespaces', asRoot, () => {
  withHolder({ namespaces: pod, hostname: 'joined' }, (holder) => {
    const uts = openNamespace(holder.pid, 'uts')
    const pid = spawn('/bin/sh', ['sh', '-c', '[ "$(uname -n)" = joined ]'], process.env, { joins: [uts] })
    assert.deepEqual(native().waitPid(pid, true), { pid, exitCode: 0 })
    closeSync(uts)
  })
})
