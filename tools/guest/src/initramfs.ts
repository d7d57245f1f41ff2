import type { GuestManifest } from '@rocket/contracts'
import { RocketError } from '@rocket/contracts'
import { runProgramOrFail, sha256Hex } from '@rocket/host'
import type { Agent } from './agent-bundle.ts'
import { type CpioEntry, writeCpio } from './cpio.ts'
import { neededLibraries } from './elf.ts'
import { applets, directories, librariesDirectory, loader, modules, programs } from './recipe.ts'
import type { UnpackedPackage } from './unpacked.ts'

interface Entry extends CpioEntry {
  from: string
}

export interface Initramfs {
  bytes: Buffer
  contents: GuestManifest['contents']
}

const [directoryMode, fileMode, programMode, linkMode] = [0o040755, 0o100644, 0o100755, 0o120777]

/** What the guest's first file system holds. `kernel` is the package of a kernel with modules. */
export function makeInitramfs(agent: Agent, packages: readonly UnpackedPackage[], kernel: UnpackedPackage | undefined): Initramfs {
  const entries: Entry[] = [
    ...programs.map(({ to, from, package: name }): Entry => ({ path: to, mode: programMode, content: packageNamed(name, packages).read(from), from: name })),
    { path: '/init', mode: programMode, content: agent.init, from: 'packages/guest/init.sh' },
    { path: '/bin/agent.js', mode: fileMode, content: agent.script, from: 'packages/guest/src/agent.ts' },
    ...applets.map((name): Entry => ({ path: `/bin/${name}`, mode: linkMode, content: Buffer.from('busybox'), from: 'tools/guest' })),
    ...(kernel === undefined ? [] : moduleEntries(kernel)),
  ]
  entries.push(...libraryEntries(entries, packages))
  const made = new Set([...directories, ...entries.flatMap(({ path }) => parentsOf(path)), ...directories.flatMap(parentsOf)])
  for (const path of made) entries.push({ path, mode: directoryMode, content: Buffer.alloc(0), from: 'tools/guest' })
  entries.sort((one, other) => (one.path < other.path ? -1 : 1))
  return {
    bytes: writeCpio(entries),
    contents: entries.filter(({ mode }) => mode !== directoryMode).map(({ path, mode, content, from }) =>
      ({ path, from, ...(mode === linkMode ? {} : { digest: `sha256:${sha256Hex(content)}` }) })),
  }
}

/** Whatever the programs name, and what that names. */
function libraryEntries(entries: readonly Entry[], packages: readonly UnpackedPackage[]): Entry[] {
  const found = new Map<string, Entry>()
  const queue = entries.filter(({ mode, path }) => mode === programMode && path !== '/init').map(({ content }) => content)
  for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
    for (const name of neededLibraries(Buffer.from(next))) {
      if (found.has(name)) continue
      const source = `/usr${librariesDirectory}/${name}`
      const owner = packages.find((one) => one.has(source))
      if (owner === undefined) throw new RocketError('GUEST_BUILD_FAILED', { what: `no package of the guest has the library ${name}`, hint: 'add it to tools/guest/src/recipe.ts' })
      const content = owner.read(source)
      found.set(name, { path: loader.endsWith(`/${name}`) ? loader : `${librariesDirectory}/${name}`, mode: programMode, content, from: owner.locked.name })
      queue.push(content)
    }
  }
  return [...found.values()]
}

/** Uncompressed, numbered in the order in which they are inserted; those that are built into the kernel are left out. */
function moduleEntries(kernel: UnpackedPackage): Entry[] {
  const release = kernel.findOne('usr/lib/modules', '')
  return Object.entries(modules).flatMap(([when, names]) => names.flatMap((name, index): Entry[] => {
    const path = `/usr/lib/modules/${release}/kernel/${name}.ko.xz`
    if (!kernel.has(path)) return []
    const content = runProgramOrFail('xz', ['-dc'], { input: kernel.read(path), maxOutputBytes: 64 << 20 })
    return [{ path: `/modules/${when}/${index}-${name.split('/').at(-1) ?? ''}.ko`, mode: fileMode, content, from: kernel.locked.name }]
  }))
}

export function packageNamed(name: string, packages: readonly UnpackedPackage[]): UnpackedPackage {
  const found = packages.find((one) => one.locked.name === name)
  if (found === undefined) throw new RocketError('GUEST_BUILD_FAILED', { what: `the lock has no package ${name}`, hint: 'node tools/guest/src/guest.ts update' })
  return found
}

function parentsOf(path: string): string[] {
  const parent = path.slice(0, path.lastIndexOf('/'))
  return parent === '' ? [] : [parent, ...parentsOf(parent)]
}
