import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { isErrno, RocketError, type PublishedPort } from '@rocket/contracts'
import type { OwnedElement, TableContent } from './rules.ts'

/**
 * Refuses a port that a process of the host listens on (or, for udp, has bound), or that another pod has published, naming it. Looks only.
 * Throws PORT_IN_USE. Returns the pods that are gone but still have one of the ports: the caller takes their rules away.
 */
export async function checkPorts(ports: readonly PublishedPort[], content: TableContent, sockets: HostSockets): Promise<string[]> {
  const gone = new Set<string>()
  for (const port of ports) {
    for (const element of content.elements.filter((one) => isSamePort(one, port))) {
      if (hasInterface(element.hostInterface)) throw inUse(port, `by pod ${element.uuid}`)
      gone.add(element.uuid)
    }
    const socket = await findSocket(port, sockets[port.protocol])
    if (socket !== undefined) throw inUse(port, holderOf(socket.inode))
  }
  return [...gone]
}

export type HostSockets = Record<'tcp' | 'udp', BoundSocket[]>

/** What the host's sockets are bound to, of the protocols of these ports. The tables of tcp take 4 ms each, however few there are. */
export function readSockets(ports: readonly PublishedPort[]): HostSockets {
  const read = (protocol: 'tcp' | 'udp'): BoundSocket[] => !ports.some((port) => port.protocol === protocol) ? []
    : [...parseSockets(readTableFile(protocol), 4, protocol), ...parseSockets(readTableFile(`${protocol}6`), 6, protocol)]
  return { tcp: read('tcp'), udp: read('udp') }
}

export interface BoundSocket {
  family: 4 | 6
  /** Undefined for the wildcard. An IPv4 address in dotted form, also when it is bound through an IPv6 socket. */
  address: string | undefined
  port: number
  inode: string
}

/**
 * The sockets of one of the kernel's tables (`/proc/net/tcp`, `udp6`, …) that take what comes to their port: listening ones of tcp, all
 * of udp that have no peer.
 */
export function parseSockets(text: string, family: 4 | 6, protocol: 'tcp' | 'udp'): BoundSocket[] {
  const sockets: BoundSocket[] = []
  for (const line of text.split('\n').slice(1)) {
    const [, local, , state, , , , , , inode] = line.trim().split(/\s+/)
    if (local === undefined || inode === undefined || state !== (protocol === 'tcp' ? '0A' : '07')) continue
    const [hex, port] = local.split(':') as [string, string]
    sockets.push({ family, address: parseAddress(hex), port: Number.parseInt(port, 16), inode })
  }
  return sockets
}

/** Whether one may stop the other from being bound: same port, and the same address or one of them the wildcard. */
export function collides(socket: Omit<BoundSocket, 'inode'>, port: Pick<PublishedPort, 'hostPort' | 'hostIp'>): boolean {
  if (socket.port !== port.hostPort) return false
  if (socket.family === 6 && socket.address !== undefined && socket.address.includes(':')) return false
  return socket.address === undefined || isWildcard(port.hostIp) || socket.address === port.hostIp
}

function isSamePort(element: OwnedElement, port: PublishedPort): boolean {
  if (element.set === 'translated') return false
  const [protocol, number] = element.key.slice(-2)
  const address = element.set === 'ports' ? undefined : String(element.key[0])
  return protocol === port.protocol && collides({ family: 4, address, port: Number(number) }, port)
}

/** The pod's end of the wire dies with its namespace, and ours with it. /proc follows our network namespace; /sys does not. */
function hasInterface(name: string | undefined): boolean {
  return name === undefined || existsSync(`/proc/sys/net/ipv4/conf/${name}`)
}

async function findSocket(port: PublishedPort, sockets: readonly BoundSocket[]): Promise<BoundSocket | undefined> {
  const found = sockets.filter((socket) => collides(socket, port))
  const sure = found.find((socket) => socket.family === 4 || socket.address !== undefined)
  // A wildcard of IPv6 takes IPv4 too unless the program said otherwise, which no table tells: try.
  return sure ?? (found.length > 0 && !(await canBind(port)) ? found[0] : undefined)
}

async function canBind(port: PublishedPort): Promise<boolean> {
  const host = port.hostIp ?? '0.0.0.0'
  try {
    if (port.protocol === 'tcp') {
      const { createServer } = await import('node:net')
      const server = createServer()
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject).listen({ host, port: port.hostPort, exclusive: true }, () => server.close(() => resolve()))
      })
    } else {
      const { createSocket } = await import('node:dgram')
      const socket = createSocket('udp4')
      await new Promise<void>((resolve, reject) => {
        socket.once('error', (error) => socket.close(() => reject(error)))
        socket.bind({ port: port.hostPort, address: host, exclusive: true }, () => socket.close(() => resolve()))
      })
    }
    return true
  } catch (error) {
    if (isErrno(error, 'EADDRINUSE')) return false
    throw error
  }
}

function inUse(port: PublishedPort, holder: string): RocketError {
  const where = `${isWildcard(port.hostIp) ? '' : `${port.hostIp}:`}${port.hostPort}/${port.protocol}`
  return new RocketError('PORT_IN_USE', {
    what: `port ${port.name} of app ${port.app} cannot be published on ${where}`, why: `the port is in use ${holder}`,
    hint: `free it, or choose another: --port=${port.name}:HOSTPORT`,
  })
}

/** Which process has the socket open; not every process can be looked into. */
function holderOf(inode: string): string {
  const wanted = `socket:[${inode}]`
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      const fds = readdirSync(`/proc/${pid}/fd`)
      if (fds.some((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`) === wanted)) {
        return `by process ${pid} (${readFileSync(`/proc/${pid}/comm`, 'utf8').trim()})`
      }
    } catch (error) {
      if (!isErrno(error, 'ENOENT', 'ESRCH', 'EACCES', 'EPERM')) throw error
    }
  }
  return 'on the host'
}

/** Of /proc/self/net: the network namespace we are in. The file for IPv6 is missing where the kernel has none. */
function readTableFile(name: string): string {
  try {
    return readFileSync(`/proc/net/${name}`, 'latin1')
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return ''
    throw error
  }
}

/** Words of 32 bits in the machine's byte order, little-endian wherever Node runs. */
function parseAddress(hex: string): string | undefined {
  const bytes = Buffer.from(hex, 'hex')
  for (let at = 0; at < bytes.length; at += 4) bytes.subarray(at, at + 4).reverse()
  if (bytes.every((byte) => byte === 0)) return undefined
  if (bytes.length === 4) return bytes.join('.')
  if (bytes.subarray(0, 12).toString('hex') === '00000000000000000000ffff') {
    const mapped = bytes.subarray(12)
    return mapped.every((byte) => byte === 0) ? undefined : mapped.join('.')
  }
  return [0, 2, 4, 6, 8, 10, 12, 14].map((at) => bytes.readUInt16BE(at).toString(16)).join(':')
}

function isWildcard(address: string | undefined): boolean {
  return address === undefined || address === '0.0.0.0'
}
