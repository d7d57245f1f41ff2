/**
 * What the addon offers, to every thread; what concerns namespaces, children, signals and terminals is for the main one. Calls are
 * synchronous unless they return a promise, which the thread pool keeps. On failure they throw an Error with `code` (`'ENOENT'`), `errno`
 * (negative), `syscall` and, where there is one, `path`. Names and paths are strings (UTF-8) or Buffers (as they are); a NUL inside is
 * refused with EINVAL. Descriptors that a call opens are close-on-exec. Flags come from `linux`.
 */
export interface NativePart {
  // descriptors
  flock(fd: number, operation: number): void
  setCloexec(fd: number, on: boolean): void
  setNonblocking(fd: number, on: boolean): void
  /** `to` is -1 for the lowest free descriptor above 2. */
  dup(from: number, to: number, cloexec: boolean): number
  /** `last` is -1 for all; `markOnly` sets close-on-exec instead of closing. */
  closeRange(first: number, last: number, markOnly: boolean): void
  /** Events as of poll(2); a negative timeout waits for ever. All zero when the time is over or a signal came. At most 64. */
  poll(fds: readonly number[], events: readonly number[], timeoutMs: number): number[]
  pipe(): [read: number, write: number]
  socketpair(): [number, number]
  syncfs(fd: number): Promise<void>
  /** At most 32 bytes, in a thread of its own; errors are dropped. For writes that are slow in the kernel and whose outcome does not matter. */
  writeInBackground(path: string, data: Buffer, times: number, pauseMs: number): void

  // what may not be there: undefined or false for ENOENT alone
  readIfThere(path: Name): Buffer | undefined
  /** Without `.` and `..`, in no order. */
  namesIfThere(path: Name): string[] | undefined
  isThere(path: Name): boolean

  // files, by directory descriptor and name
  openat2(dirfd: number, path: Name, flags: number, mode: number, resolve: number): number
  /** The same, and -1 when there is nothing. */
  openIfThere(dirfd: number, path: Name, flags: number, mode: number, resolve: number): number
  mkdirat(dirfd: number, name: Name, mode: number): void
  /** `mode` carries the type bits (S_IFCHR, S_IFBLK, S_IFIFO, S_IFSOCK, S_IFREG). */
  mknodat(dirfd: number, name: Name, mode: number, major: number, minor: number): void
  symlinkat(target: Name, dirfd: number, name: Name): void
  linkat(fromDirfd: number, fromName: Name, toDirfd: number, toName: Name, flags: number): void
  unlinkat(dirfd: number, name: Name, flags: number): void
  renameat2(fromDirfd: number, fromName: Name, toDirfd: number, toName: Name, flags: number): void
  fchownat(dirfd: number, name: Name, uid: number, gid: number, flags: number): void
  /** Never follows a link at the end; a link itself gives ENOTSUP. */
  fchmodat(dirfd: number, name: Name, mode: number): void
  /** With an empty name the times of `dirfd` itself are set. */
  utimensat(dirfd: number, name: Name, atimeNs: bigint, mtimeNs: bigint, flags: number): void
  readlinkat(dirfd: number, name: Name): Buffer
  fstatat(dirfd: number, name: Name, flags: number): NativeStat

  // an archive's files, in one call each; -1 leaves an owner as it is
  /** A new regular file with all that is said of it. Throws EEXIST. */
  createFile(dirfd: number, name: Name, content: Buffer, mode: number, uid: number, gid: number, mtimeNs: bigint): void
  /** False when something of this name is there. */
  createDirectory(dirfd: number, name: Name, mode: number, uid: number, gid: number): boolean
  /** Mode (-1 leaves it) and time of a directory; false when there is none of this name. */
  settleDirectory(dirfd: number, name: Name, mode: number, mtimeNs: bigint): boolean

  // extended attributes: a number is a descriptor; of a path, a link at the end is not followed
  setXattr(target: number | Name, name: Name, value: Buffer): void
  getXattr(target: number | Name, name: Name): Buffer | undefined
  listXattrs(target: number | Name): Buffer[]
  removeXattr(target: number | Name, name: Name): void

  // mounts and namespaces of the calling thread
  /** With `cwdFd` the call is made from that directory. E2BIG when `data` does not fit a page. */
  mount(source: Name | null, target: Name, type: string | null, flags: number, data: Name | null, cwdFd?: number): void
  umount(target: Name, flags: number): void
  mountSetattr(dirfd: number, path: Name, flags: number, set: number, clear: number, propagation: number): void
  openTree(dirfd: number, path: Name, flags: number): number
  moveMount(fromFd: number, fromPath: Name, toFd: number, toPath: Name, flags: number): void
  fsopen(type: string): number
  fsconfig(fd: number, command: number, key: string | null, value: Name | null): void
  fsmount(fd: number, attributes: number): number
  pivotRoot(root: Name, putOld: Name): void
  chroot(path: Name): void
  fchdir(fd: number): void
  unshare(flags: number): void
  setns(fd: number, flags: number): void

  // processes
  /** Environment as `KEY=value`. Returns once the child has reached its exec. */
  spawn(file: Name, argv: readonly Name[], env: readonly Name[], options: NativeSpawnOptions): number
  pidfdOpen(pid: number): number
  pidfdSendSignal(pidfd: number, signal: number): void
  /** A negative pid is a process group. */
  kill(pid: number, signal: number): void
  /** One child that has ended, of any kind, or undefined when none has (or there is none). Never waits. */
  waitAny(): Ended | undefined
  /** Throws ECHILD when `pid` is not a child of ours. */
  waitPid(pid: number, blocking: boolean): Ended | undefined
  setSubreaper(on: boolean): void
  /** Gives free memory of the C heap back to the kernel. */
  trimMemory(): void
  /** Sent to us when the thread that started us ends; 0 for none. Cleared by the kernel when credentials change. */
  setParentDeathSignal(signal: number): void
  setNoNewPrivileges(): void
  setresuid(real: number, effective: number, saved: number): void
  setresgid(real: number, effective: number, saved: number): void
  setgroups(groups: readonly number[]): void
  /** In our uts namespace, or in that of the descriptor. */
  setHostname(name: string, utsFd?: number | null): void
  /** In our network namespace, or in that of the descriptor. */
  setLoopbackUp(netFd?: number | null): void
  /** Ends the process at once; nothing is flushed, no exit handler runs. */
  exit(code: number): never

  // unix sockets; a path that begins with @ is abstract
  sendDatagram(path: string, data: Buffer): void
  listenUnix(path: string, backlog: number): number
  connectUnix(path: string): number
  accept(fd: number): number
  sendDescriptor(socket: number, fd: number, data: Buffer): void
  /** `fd` is -1 when the message carried none; `data` is empty at the end of the stream. */
  receiveDescriptor(socket: number): { fd: number; data: Buffer }

  // terminals
  openPty(): { master: number; slave: number }
  /** 1 or 0. */
  isatty(fd: number): number
  getWindowSize(fd: number): { rows: number; columns: number }
  setWindowSize(fd: number, rows: number, columns: number): void
  /** Returns what was, for `restoreMode`. */
  setRawMode(fd: number): Buffer
  restoreMode(fd: number, before: Buffer): void
  setForegroundGroup(fd: number, processGroup: number): void

  // digests: the state is a Buffer of the caller's
  digestBegin(bits: 256 | 512): Buffer
  digestUpdate(state: Buffer, data: Uint8Array): void
  /** In the thread pool; state and data must be left alone until then. */
  digestUpdateLater(state: Buffer, data: Buffer): Promise<void>
  digestEnd(state: Buffer): Buffer
  digestFile(fd: number, bits: 256 | 512): Buffer
  sha256Portable(state: Buffer, blocks: Buffer): void

  // inflating gzip, in the thread pool; what is not needed any more is collected
  /** Without `checks`, gzip's own checksums are passed over: for bytes that a digest vouches for. */
  inflateBegin(checks: boolean): InflateStream
  /**
   * Reads of `input` and writes into `output` as much as it can; both must be left alone until then. One call at a time. After the end of a
   * member the next call begins another. Rejects with an Error in zlib's words when it is no gzip.
   */
  inflate(stream: InflateStream, input: Buffer, output: Buffer): Promise<Inflated>
}

declare const inflateStream: unique symbol
export interface InflateStream {
  readonly [inflateStream]: true
}

export interface Inflated {
  read: number
  written: number
  /** Whether a member ended with what was written. */
  ended: boolean
}

export type Name = string | Buffer

export interface NativeStat {
  mode: number
  nlink: number
  uid: number
  gid: number
  size: number
  /** Of a device node. */
  major: number
  minor: number
  dev: bigint
  ino: bigint
  atimeNs: bigint
  mtimeNs: bigint
  ctimeNs: bigint
}

/** How a child ended. A `signal` is a number; `signalName` tells its name. */
export type Ended = { pid: number; exitCode: number; signal?: undefined } | { pid: number; signal: number; exitCode?: undefined }

export interface NativeSpawnOptions {
  cwd?: Name | undefined
  /** chroot, before `cwd`. */
  root?: Name | undefined
  /** Descriptor i of the child is a copy of `fds[i]`; -1 leaves it closed. Everything else is closed in the child. */
  fds: readonly number[]
  /** Namespace descriptors that the child joins, in this order, before anything else. */
  joins?: readonly number[] | undefined
  cloneFlags?: number | undefined
  hostname?: string | undefined
  loopbackUp?: boolean | undefined
  parentDeathSignal?: number | undefined
  newSession?: boolean | undefined
  newGroup?: boolean | undefined
  /** The child's descriptor that becomes its controlling terminal; needs `newSession`. */
  terminal?: number | undefined
  uid?: number | undefined
  gid?: number | undefined
  groups?: readonly number[] | undefined
  noNewPrivileges?: boolean | undefined
}
