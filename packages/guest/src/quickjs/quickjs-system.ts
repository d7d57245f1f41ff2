import * as os from 'os'
import * as std from 'std'
import type { ChildStreams, Ended, GuestSystem, Port } from '../guest-system.ts'
import { decodeUtf8, encodeUtf8, writeBytes } from './bytes.ts'

const environment: Readonly<Record<string, string>> = { PATH: '/bin' }
const heartbeatMs = 1000
const noControllingTerminal = 0o400
const closeOnExec = 0o2000000
const createTruncated = 0o1000 | 0o100
const portsDirectory = '/sys/class/virtio-ports'

/** The guest's own system, by what QuickJS offers of it. */
export function openQuickjsSystem(): GuestSystem {
  const none = must(os.open('/dev/null', os.O_RDWR), 'open /dev/null')
  let childEnded: (pid: number, ended: Ended) => void = () => {}
  // QuickJS ends when it waits for signals alone, and misses one that comes between its last look and its sleep.
  const beat = (): void => {
    reap((pid, ended) => childEnded(pid, ended))
    os.setTimeout(beat, heartbeatMs)
  }
  os.setTimeout(beat, heartbeatMs)
  return {
    now: () => new Date().toISOString(),
    after(ms, work) {
      const timer = os.setTimeout(work, ms)
      return () => os.clearTimeout(timer)
    },
    spawn: (argv, streams) => spawn(argv, streams, none),
    kill: (pid, signal) => void os.kill(pid, signal),
    onChildEnded(handler) {
      childEnded = handler
      os.signal(os.SIGCHLD, () => reap(handler))
    },
    pipe() {
      const ends = os.pipe()
      if (ends === null) throw new Error('no pipe could be made')
      return { read: ends[0], write: ends[1] }
    },
    open(path, mode) {
      const access = { read: os.O_RDONLY, write: os.O_WRONLY, terminal: os.O_RDWR }[mode]
      return must(os.open(path, access | noControllingTerminal | closeOnExec), `open ${path}`)
    },
    close: (fd) => void os.close(fd),
    findPort,
    readText,
    writeText,
    remove: (path) => void os.remove(path),
  }
}

export function must(result: number, what: string): number {
  if (result < 0) throw new Error(`${what}: ${std.strerror(-result)}`)
  return result
}

/** QuickJS closes every other descriptor in the child. */
function spawn(argv: readonly string[], { stdin, stdout, stderr }: ChildStreams, none: number): number {
  return must(os.exec(argv, {
    block: false, usePath: false, env: environment, stdin: stdin ?? none, stdout: stdout ?? none, stderr: stderr ?? none,
  }), `execute ${argv[0] ?? ''}`)
}

function reap(handler: (pid: number, ended: Ended) => void): void {
  for (;;) {
    const [pid, status] = os.waitpid(-1, os.WNOHANG)
    if (pid <= 0) return
    const signal = status & 0x7f
    handler(pid, signal === 0 ? { exitCode: (status >> 8) & 0xff } : { signal })
  }
}

function findPort(name: string): Port | undefined {
  const [entries] = os.readdir(portsDirectory)
  const device = entries.find((entry) => entry.startsWith('vport') && (readText(`${portsDirectory}/${entry}/name`) ?? '').trim() === name)
  if (device === undefined) return undefined
  // Consoles are counted from 1, their terminals from 0; a port that is none says 0.
  const terminal = /^console_vtermno: ([0-9]+)$/m.exec(readText(`/sys/kernel/debug/virtio-ports/${device}`) ?? '')?.[1]
  return { path: `/dev/${device}`, ...(terminal === undefined || terminal === '0' ? {} : { terminal: `/dev/hvc${Number(terminal) - 1}` }) }
}

/** `std.loadFile` believes the size that the kernel gives of its own files, which is wrong for all of them. */
function readText(path: string): string | undefined {
  const fd = os.open(path, os.O_RDONLY | closeOnExec)
  if (fd < 0) return undefined
  const chunks: number[] = []
  const buffer = new Uint8Array(16384)
  for (let count = os.read(fd, buffer.buffer, 0, buffer.length); count > 0; count = os.read(fd, buffer.buffer, 0, buffer.length)) {
    for (let at = 0; at < count; at += 1) chunks.push(buffer[at] ?? 0)
  }
  os.close(fd)
  return decodeUtf8(Uint8Array.from(chunks))
}

function writeText(path: string, text: string): void {
  const fd = must(os.open(path, os.O_WRONLY | createTruncated | closeOnExec, 0o600), `open ${path}`)
  const bytes = encodeUtf8(text)
  const sent = writeBytes(fd, bytes)
  os.close(fd)
  if (sent < bytes.length) throw new Error(`write ${path}: no room`)
}
