import { createHash } from 'node:crypto'
import { constants } from 'node:os'
import { posix } from 'node:path'
import { RocketError, sanitizeAcName } from '@rocket/contracts'

const longestName = 128
const largestId = 4294967294

/**
 * A user or group as an image names it: a number within range, in canonical form, or a name. Whatever could be taken for a number by
 * someone (`+0`, `0x0`, `1e3`) is refused: numbers out of range have become root before (CVE-2024-40635). With `allowPath`, appc's third
 * form as well: the owner of a file.
 */
export function checkOwner(text: string, kind: 'user' | 'group', allowPath = false): string {
  if (/^\d+$/.test(text)) {
    const id = text.length <= 10 ? Number(text) : Number.POSITIVE_INFINITY
    if (id > largestId) throw invalidConfig(`the ${kind} ${shown(text)}`, 'is out of range')
    return String(id)
  }
  if (allowPath && /^\/[^\0]*$/.test(text)) return text
  if (!/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,254}\$?$/.test(text) || !Number.isNaN(Number(text))) {
    throw invalidConfig(`the ${kind} ${shown(text)}`, 'is neither a number nor a name')
  }
  return text
}

/** `USER` and `USER:GROUP` as docker writes them; nothing means root. An empty group is the user's own. */
export function parseUser(text: string): { user: string; group: string } {
  if (text === '') return { user: '0', group: '0' }
  const colon = text.indexOf(':')
  const user = colon === -1 ? text : text.slice(0, colon)
  const group = colon === -1 ? '' : text.slice(colon + 1)
  return { user: checkOwner(user === '' ? '0' : user, 'user'), group: group === '' ? '' : checkOwner(group, 'group') }
}

/** Absolute and clean; `..` ends at the root. What links in the image make of it is for those who open it. */
export function cleanAbsolutePath(path: string, what: string): string {
  if (path.includes('\0') || path.length > 4095) throw invalidConfig(`${what} ${shown(path)}`, 'is not a path')
  const clean = posix.normalize(`/${path}`).replace(/^\/+/, '/')
  return clean.length > 1 && clean.endsWith('/') ? clean.slice(0, -1) : clean
}

const ownDirectories = ['/', '/proc', '/sys', '/dev']

/** Where a volume may be mounted: not over the root or what the kernel shows of itself (CVE-2022-23648). */
export function cleanMountPath(path: string): string {
  const clean = cleanAbsolutePath(path, 'the volume')
  if (ownDirectories.includes(clean) || clean.startsWith('/proc/') || clean.startsWith('/sys/')) {
    throw invalidConfig(`the volume ${shown(path)}`, `would be mounted over ${clean}`)
  }
  return clean
}

/** `volume-` and the path as a name; as `docker2aci` did it, but unique and of bounded length. */
export function volumeName(path: string, taken: ReadonlySet<string>): string {
  const hash = createHash('sha256').update(path).digest('hex').slice(0, 8)
  let name: string
  try {
    name = `volume-${sanitizeAcName(path)}`
  } catch {
    name = `volume-${hash}`
  }
  if (name.length <= longestName && !taken.has(name)) return name
  return `${name.slice(0, longestName - 9).replace(/-+$/, '')}-${hash}`
}

/** `SIGTERM`, `TERM` or `15`; undefined for what is no signal. */
export function parseStopSignal(text: string): string | undefined {
  if (/^\d{1,2}$/.test(text)) {
    const number = Number(text)
    const name = Object.entries(constants.signals).find(([, value]) => value === number)?.[0]
    return name ?? (number >= 34 && number <= 64 ? (number === 34 ? 'SIGRTMIN' : `SIGRTMIN+${number - 34}`) : undefined)
  }
  const name = text.toUpperCase().startsWith('SIG') ? text.toUpperCase() : `SIG${text.toUpperCase()}`
  if (Object.hasOwn(constants.signals, name)) return name
  const offset = /^SIGRTM(?:IN(?:\+(\d{1,2}))?|AX(?:-(\d{1,2}))?)$/.exec(name)
  return offset !== null && Number(offset[1] ?? offset[2] ?? 0) <= 30 ? name : undefined
}

export interface ExposedPort {
  protocol: string
  port: number
  count: number
}

/** `80/tcp`, `80`, `8000-8010/udp`; undefined for anything else. */
export function parseExposedPort(text: string): ExposedPort | undefined {
  const match = /^(\d{1,5})(?:-(\d{1,5}))?(?:\/([a-z0-9]{1,16}))?$/.exec(text.toLowerCase())
  if (match === null) return undefined
  const port = Number(match[1])
  const last = Number(match[2] ?? match[1])
  if (port < 1 || last > 65535 || last < port) return undefined
  return { protocol: match[3] ?? 'tcp', port, count: last - port + 1 }
}

export function checkWords(words: readonly string[], what: string): string[] {
  for (const word of words) if (word.includes('\0')) throw invalidConfig(`${what} ${shown(word)}`, 'contains a NUL byte')
  return [...words]
}

export function invalidConfig(what: string, why: string): RocketError {
  return new RocketError('IMAGE_CONFIG_INVALID', { what: `${what} of the image was refused`, why: `it ${why}` })
}

export function shown(text: string): string {
  return JSON.stringify(text.slice(0, 200))
}
