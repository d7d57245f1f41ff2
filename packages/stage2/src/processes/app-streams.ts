import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { podLayout, type Streams } from '@rocket/contracts'
import { isDiskFull, native, writeErr, writeOut, type StageContext } from '@rocket/host'
import type { Socket } from 'node:net'
import { LineSplitter } from './line-splitter.ts'

/**
 * The standard streams of one app. `prefix` streams come to us through a pipe, a line at a time: to our own standard output or error
 * as `app[pid]: line`, and as they are into `logs/<app>.log`. What a full disk takes of either is lost and warned of once.
 */
export class AppStreams {
  readonly #app: string
  readonly #streams: Streams
  readonly #context: StageContext
  readonly #toClose: number[] = []
  readonly #ends: Promise<void>[] = []
  readonly #unread: { fd: number; print: (text: string) => void }[] = []
  #log: number | undefined
  readonly #warned = new Set<string>()

  constructor(app: string, streams: Streams | undefined, context: StageContext) {
    this.#app = app
    this.#streams = streams ?? { stdin: 'null', stdout: 'inherit', stderr: 'inherit' }
    this.#context = context
  }

  /** Opens what the child gets as 0, 1, 2. */
  descriptors(): number[] {
    return [this.#open(this.#streams.stdin, 0), this.#open(this.#streams.stdout, 1), this.#open(this.#streams.stderr, 2)]
  }

  /** Closes our copies of what the child has got. */
  handedOver(): void {
    for (const fd of this.#toClose.splice(0)) closeSync(fd)
  }

  /** Starts to pass on what the app writes, under its pid: nothing is read before that is known. */
  begin(pid: number): void {
    for (const { fd, print } of this.#unread.splice(0)) this.#ends.push(this.#pass(fd, pid, print))
  }

  /** Resolves when everything the app wrote is written on, or after a second: a process elsewhere may hold the pipe open. */
  async drained(): Promise<void> {
    if (this.#ends.length === 0) return
    let timer: NodeJS.Timeout | undefined
    const patience = new Promise<void>((resolve) => (timer = setTimeout(resolve, 1000)))
    await Promise.race([Promise.all(this.#ends), patience])
    clearTimeout(timer)
    if (this.#log !== undefined) closeSync(this.#log)
    this.#log = undefined
  }

  #open(kind: Streams['stdin'], own: number): number {
    if (kind === 'inherit' || kind === 'tty') return own
    if (kind === 'null') return this.#mine(openSync('/dev/null', own === 0 ? 'r' : 'w'))
    const [read, write] = native().pipe()
    this.#unread.push({ fd: read, print: own === 2 ? writeErr : writeOut })
    return this.#mine(write)
  }

  #mine(fd: number): number {
    this.#toClose.push(fd)
    return fd
  }

  #pass(fd: number, pid: number, print: (text: string) => void): Promise<void> {
    const log = join(this.#context.podDirectory, podLayout.log(this.#app))
    this.#surviveFullDisk(log, () => this.#openLog(log))
    const splitter = new LineSplitter((line) => {
      this.#surviveFullDisk('standard output', () => print(`${this.#app}[${pid}]: ${line.toString('utf8')}\n`))
      this.#surviveFullDisk(log, () => writeSync(this.#openLog(log), Buffer.concat([line, Buffer.from('\n')])))
    })
    // Loaded here, since a pod of one app never needs it.
    const net = process.getBuiltinModule('node:net')
    const socket: Socket = new net.Socket({ fd, readable: true, writable: false })
    return new Promise((resolve) => {
      const finish = (): void => {
        splitter.end()
        resolve()
      }
      socket.on('data', (chunk: Buffer) => splitter.push(chunk))
      socket.on('end', finish)
      socket.on('error', finish)
    })
  }

  #openLog(path: string): number {
    if (this.#log === undefined) mkdirSync(dirname(path), { recursive: true, mode: 0o750 })
    return (this.#log ??= openSync(path, 'a', 0o640))
  }

  #surviveFullDisk(name: string, write: () => void): void {
    try {
      write()
    } catch (error) {
      if (!isDiskFull(error)) throw error
      if (!this.#warned.has(name)) this.#context.warn(`app ${this.#app} writes to ${name}, whose disk is full; what does not fit is lost`)
      this.#warned.add(name)
    }
  }
}
