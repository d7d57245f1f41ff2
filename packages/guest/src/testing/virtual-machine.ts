import { spawn, type ChildProcess } from 'node:child_process'
import { createWriteStream, existsSync, mkdirSync, openSync, readFileSync, rmSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { builtGuestLayout, guestLayout, parseDocument, type GuestAnswer, type GuestEvent, type GuestManifest, type GuestRequest } from '@rocket/contracts'

type Unnumbered<R> = R extends { id: number } ? Omit<R, 'id'> : never

export interface MachineOptions {
  /** Of a built guest. */
  guest: string
  /** The directory that the guest sees as its share. */
  share: string
  /** For sockets, console and streams; made, and left for whoever looks into a failure. */
  scratch: string
  /** Ports whose output goes to files. */
  outputs?: readonly string[]
  /** Ports that the test speaks and listens to, and consoles. */
  sockets?: readonly string[]
  terminals?: readonly string[]
  sharing?: 'virtiofs' | '9p'
  memoryMiB?: number
  devices?: readonly string[]
}

/** The C one of Debian 12 lies in QEMU's directory, the Rust one of Debian 13 elsewhere, with other options. */
const virtiofsds: readonly { path: string; options(share: string): string[] }[] = [
  { path: '/usr/lib/qemu/virtiofsd', options: (share) => ['-o', `source=${share}`, '-o', 'cache=auto', '-f'] },
  { path: '/usr/libexec/virtiofsd', options: (share) => [`--shared-dir=${share}`, '--cache=auto'] },
]
const qemu = '/usr/bin/qemu-system-x86_64'
/** Emulated and on a busy machine. */
const patienceMs = 60_000

/** Why no machine can be started here, or undefined. */
export function whyNoMachine(guest: string): string | undefined {
  if (!existsSync(qemu)) return 'there is no QEMU: apt-get install qemu-system-x86'
  if (!existsSync(join(guest, builtGuestLayout.manifest))) return `no guest is built in ${guest}: node tools/guest/src/guest.ts`
  return undefined
}

/** A small machine around a guest, emulated, for the tests of the guest: no confinement, no network of its own, everything in files and sockets. */
export class VirtualMachine {
  readonly #options: MachineOptions
  readonly #manifest: GuestManifest
  readonly #children: ChildProcess[] = []
  readonly #sockets = new Map<string, Socket>()
  #requests = 0
  readonly #answers = new Map<number, (answer: GuestAnswer) => void>()
  readonly ended: Promise<number | null>
  readonly startedAt: number = performance.now()

  static async start(options: MachineOptions): Promise<VirtualMachine> {
    rmSync(options.scratch, { recursive: true, force: true })
    mkdirSync(options.scratch, { recursive: true })
    const machine = new VirtualMachine(options)
    await machine.#connect()
    return machine
  }

  private constructor(options: MachineOptions) {
    this.#options = options
    this.#manifest = parseDocument('GuestManifest', readFileSync(join(options.guest, builtGuestLayout.manifest), 'utf8'), 'manifest.json')
    if (options.sharing !== '9p') this.#startVirtiofsd()
    const child = this.#start(qemu, this.#arguments())
    this.ended = new Promise((resolve) => child.once('exit', (code) => resolve(code)))
  }

  events(): GuestEvent[] {
    return this.text(guestLayout.eventPort).split('\n').slice(0, -1).map((line) => parseDocument('GuestEvent', line, 'event'))
  }

  /** What has come out of a port so far, or `console`. */
  text(port: string): string {
    const path = this.#path(port)
    return existsSync(path) ? readFileSync(path, 'utf8') : ''
  }

  /** Waits for an event, and fails with the console when it does not come. */
  async event<K extends GuestEvent['event']>(kind: K, matches: (event: Extract<GuestEvent, { event: K }>) => boolean = () => true): Promise<Extract<GuestEvent, { event: K }>> {
    return this.until(`event ${kind}`, () => this.events().find((event): event is Extract<GuestEvent, { event: K }> => event.event === kind && matches(event as never)))
  }

  async until<T>(what: string, find: () => T | undefined): Promise<T> {
    for (const start = performance.now(); performance.now() - start < patienceMs; await sleep(10)) {
      const found = find()
      if (found !== undefined) return found
    }
    throw new Error(`${what} did not come; events: ${this.text(guestLayout.eventPort)}; console: ${this.text('console')}`)
  }

  socket(port: string): Socket {
    const socket = this.#sockets.get(port)
    if (socket === undefined) throw new Error(`no socket ${port}`)
    return socket
  }

  async request(request: Unnumbered<GuestRequest>): Promise<GuestAnswer> {
    this.#requests += 1
    const id = this.#requests
    const answer = new Promise<GuestAnswer>((resolve) => this.#answers.set(id, resolve))
    this.socket(guestLayout.controlPort).write(`${JSON.stringify({ id, ...request })}\n`)
    return answer
  }

  kill(): void {
    for (const socket of this.#sockets.values()) socket.destroy()
    for (const child of this.#children) child.kill('SIGKILL')
  }

  #path(name: string): string {
    return join(this.#options.scratch, name)
  }

  #startVirtiofsd(): void {
    const found = virtiofsds.find(({ path }) => existsSync(path))
    if (found === undefined) throw new Error('there is no virtiofsd')
    const socket = this.#path('virtiofs.sock')
    this.#start(found.path, [`--socket-path=${socket}`, ...found.options(this.#options.share)])
    for (const start = performance.now(); !existsSync(socket) && performance.now() - start < 5000;) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5)
  }

  #start(program: string, argv: readonly string[]): ChildProcess {
    const log = openSync(this.#path(`${program.split('/').at(-1) ?? ''}.log`), 'a')
    const child = spawn(program, argv, { stdio: ['ignore', log, log] })
    this.#children.push(child)
    return child
  }

  #arguments(): string[] {
    const { guest, share, sharing, memoryMiB = 256, outputs = [], sockets = [], terminals = [], devices = [] } = this.#options
    const { kernel } = this.#manifest
    const emulated = kernel.commandLineEmulated.replaceAll('{tscKhz}', String(tscKhz()))
    const ports = [
      ...[guestLayout.eventPort, ...outputs].map((name) => ({ name, device: 'virtserialport', chardev: `file,path=${this.#path(name)}` })),
      ...[guestLayout.controlPort, ...sockets].map((name) => ({ name, device: 'virtserialport', chardev: `socket,server=on,wait=off,path=${this.#path(`${name}.sock`)}` })),
      ...terminals.map((name) => ({ name, device: 'virtconsole', chardev: `socket,server=on,wait=off,path=${this.#path(`${name}.sock`)}` })),
    ]
    return [
      '-M', `microvm,accel=tcg,acpi=${kernel.microvmNeedsAcpi ? 'on' : 'off'},pit=on,pic=on,rtc=on,isa-serial=on`, '-cpu', 'max',
      '-m', String(memoryMiB), '-smp', '1', '-nodefaults', '-no-user-config', '-nographic', '-no-reboot', '-global', 'virtio-mmio.force-legacy=false',
      '-object', `memory-backend-memfd,id=memory,size=${memoryMiB}M,share=on`, '-machine', 'memory-backend=memory',
      '-kernel', join(guest, builtGuestLayout.kernel), '-initrd', join(guest, builtGuestLayout.initramfs),
      '-append', `${kernel.commandLine} ${emulated}`, '-chardev', `file,id=console,path=${this.#path('console')}`, '-serial', 'chardev:console',
      ...(sharing === '9p'
        ? ['-fsdev', `local,id=share,path=${share},security_model=passthrough`, '-device', `virtio-9p-device,fsdev=share,mount_tag=${guestLayout.shareTag}`]
        : ['-chardev', `socket,id=fs,path=${this.#path('virtiofs.sock')}`, '-device', `vhost-user-fs-device,chardev=fs,tag=${guestLayout.shareTag}`]),
      '-qmp', `unix:${this.#path('qmp.sock')},server=on,wait=off`, '-device', 'virtio-serial-device,id=ports',
      ...ports.flatMap(({ name, device, chardev }, index) => ['-chardev', chardev.replace(',', `,id=port${index},`), '-device', `${device},chardev=port${index},name=${name}`]),
      ...devices,
    ]
  }

  async #connect(): Promise<void> {
    const { sockets = [], terminals = [] } = this.#options
    for (const name of [guestLayout.controlPort, ...sockets, ...terminals]) {
      const socket = await this.#connectTo(this.#path(`${name}.sock`))
      this.#sockets.set(name, socket)
      if (name === guestLayout.controlPort) this.#readAnswers(socket)
      else socket.pipe(createWriteStream(this.#path(name)))
    }
  }

  async #connectTo(path: string): Promise<Socket> {
    for (const start = performance.now(); performance.now() - start < patienceMs; await sleep(5)) {
      if (!existsSync(path)) continue
      const socket = connect(path)
      const connected = await new Promise<boolean>((resolve) => socket.once('connect', () => resolve(true)).once('error', () => resolve(false)))
      if (connected) return socket.on('error', () => {})
    }
    throw new Error(`QEMU did not start: ${this.text('qemu-system-x86_64.log')}`)
  }

  #readAnswers(socket: Socket): void {
    let rest = ''
    socket.setEncoding('utf8').on('data', (text: string) => {
      const lines = (rest + text).split('\n')
      rest = lines.pop() ?? ''
      for (const line of lines) {
        const answer = parseDocument('GuestAnswer', line, 'answer')
        this.#answers.get(answer.id)?.(answer)
      }
    })
  }
}

/** Near enough for a test: the time stamp counter runs at the nominal frequency. */
function tscKhz(): number {
  const mhz = /^cpu MHz\s*: ([0-9.]+)$/m.exec(readFileSync('/proc/cpuinfo', 'utf8'))?.[1]
  return Math.round(Number(mhz) * 1000)
}
