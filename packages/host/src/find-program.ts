import { accessSync, constants, statSync } from 'node:fs'
import { RocketError } from '@rocket/contracts'

/** Debian's package for programs we call, for the hint. */
const packages: Readonly<Record<string, string>> = {
  crun: 'crun', runc: 'runc', xz: 'xz-utils', bzip2: 'bzip2', zstd: 'zstd', iptables: 'iptables', nft: 'nftables', nsenter: 'util-linux',
  'systemd-nspawn': 'systemd-container', 'qemu-system-x86_64': 'qemu-system-x86', 'qemu-system-aarch64': 'qemu-system-arm',
  skopeo: 'skopeo', umoci: 'umoci', ip: 'iproute2', gpg: 'gnupg', virtiofsd: 'virtiofsd',
}

/** Root's programs lie here, and a user's PATH or a unit's often does not name them. */
const always = ['/usr/sbin', '/sbin', '/usr/local/sbin', '/usr/bin', '/bin']

/** The path of an executable file of this name in PATH, then in the system's directories. A name with a slash is taken as a path. */
export function findProgram(name: string, path: string = process.env['PATH'] ?? ''): string | undefined {
  if (name.includes('/')) return isExecutable(name) ? name : undefined
  for (const directory of [...path.split(':'), ...always]) {
    // An empty or relative entry would find programs in whatever directory we are in.
    if (directory.startsWith('/') && isExecutable(`${directory}/${name}`)) return `${directory}/${name}`
  }
  return undefined
}

/** Throws PROGRAM_MISSING with what to install. */
export function requireProgram(name: string, path?: string): string {
  const found = findProgram(name, path)
  if (found !== undefined) return found
  throw new RocketError('PROGRAM_MISSING', { what: `the program ${name} is not installed`, hint: installHint(name) })
}

export function installHint(name: string): string {
  return `apt-get install ${packages[name] ?? name}`
}

function isExecutable(path: string): boolean {
  try {
    // Most directories of PATH do not have it, and an exception is dear.
    if (statSync(path, { throwIfNoEntry: false })?.isFile() !== true) return false
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
