/** How a process ended. */
export type Ended = { exitCode: number } | { signal: number }

/** Descriptors for 0, 1 and 2 of a child; what is absent is /dev/null. A child gets no others. */
export interface ChildStreams {
  stdin?: number | undefined
  stdout?: number | undefined
  stderr?: number | undefined
}

/** A virtio port. `terminal` is the device that is a terminal, where the port is a console. */
export interface Port {
  path: string
  terminal?: string
}

/**
 * All that the agent asks of the system it runs on, so that its rules can be tried without a virtual machine. Paths are the guest's.
 * What throws, throws an Error that says which call failed on what.
 */
export interface GuestSystem {
  /** RFC 3339 in UTC with milliseconds. */
  now(): string
  /** Does the work once, later, unless the function it returns is called before. */
  after(ms: number, work: () => void): () => void
  spawn(argv: readonly string[], streams: ChildStreams): number
  kill(pid: number, signal: number): void
  /** Told of every child that ends, once: those that nobody here started, too, as the first process inherits the orphans. */
  onChildEnded(handler: (pid: number, ended: Ended) => void): void
  pipe(): { read: number; write: number }
  open(path: string, mode: 'read' | 'write' | 'terminal'): number
  close(fd: number): void
  findPort(name: string): Port | undefined
  readText(path: string): string | undefined
  writeText(path: string, text: string): void
  remove(path: string): void
}
