import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { builtGuestLayout, checkDocument, type GuestManifest } from '@rocket/contracts'
import { sha256Hex } from '@rocket/host'
import { bundleAgent } from './agent-bundle.ts'
import { makeInitramfs, packageNamed } from './initramfs.ts'
import { readLock, type LockedPackage } from './lock.ts'
import { architecture, kernelFacts, type Kind } from './recipe.ts'
import { buildSmallKernel } from './small-kernel.ts'
import { UnpackedPackage } from './unpacked.ts'
import { extractVmlinux } from './vmlinux.ts'

export interface BuildOptions {
  /** Of the checkout. */
  root: string
  kind: Kind
  /** Where everything is kept, `.rocket/guest` unless said. */
  work?: string
}

interface Parts {
  kernel: Buffer
  release: string
  initramfs: Buffer
  contents: GuestManifest['contents']
}

/**
 * Builds a guest, unless one of the same inputs is there, and returns its directory, `<work>/<kind>`: a link to one that is named by the
 * inputs. The same inputs make the same bytes. Throws GUEST_PACKAGE_GONE, GUEST_BUILD_FAILED, PROGRAM_MISSING; what was there stays then.
 */
export async function buildGuest({ root, kind, work = join(root, '.rocket/guest') }: BuildOptions): Promise<string> {
  const lock = readLock()
  const parts = await makeParts(root, kind, work)
  const packages = [...lock.guest, ...lock.kernels[kind]].map(({ name, packageVersion, digest }) => ({ name, packageVersion, digest }))
    .sort((one, other) => (one.name < other.name ? -1 : 1))
  const { features, ...kernel } = kernelFacts[kind]
  const manifest: GuestManifest = {
    version: 1, kind, inputs: `sha256:${inputsOf(parts, packages, kernel)}`, architecture, protocol: 1,
    kernel: { release: parts.release, format: 'elf-pvh', ...kernel }, features,
    files: [['initramfs', parts.initramfs] as const, ['kernel', parts.kernel] as const].map(([name, bytes]) => ({ name, sizeBytes: bytes.length, digest: digestOf(bytes) })),
    packages, contents: parts.contents,
  }
  return place(checkDocument('GuestManifest', manifest, builtGuestLayout.manifest), parts, work)
}

async function makeParts(root: string, kind: Kind, work: string): Promise<Parts> {
  const lock = readLock()
  const agent = await bundleAgent(root)
  const packages = await Promise.all(lock.guest.map((one) => UnpackedPackage.open(one, work)))
  if (kind === 'small') {
    const { file, release } = await buildSmallKernel(lock.kernels.small, work)
    const { bytes, contents } = makeInitramfs(agent, packages, undefined)
    return { kernel: readFileSync(file), release, initramfs: bytes, contents }
  }
  const [image] = await Promise.all(lock.kernels.debian.map((one) => UnpackedPackage.open(one, work)))
  const carrier = image ?? packageNamed('linux-image', [])
  const name = carrier.findOne('boot', 'vmlinuz-')
  const { bytes, contents } = makeInitramfs(agent, packages, carrier)
  return { kernel: extractVmlinux(carrier.read(`/boot/${name}`)), release: name.slice('vmlinuz-'.length), initramfs: bytes, contents }
}

/** What the bytes follow from: packages, our own files in them, and what the manifest says of the kernel. */
function inputsOf(parts: Parts, packages: readonly Pick<LockedPackage, 'digest'>[], kernel: unknown): string {
  return sha256Hex(JSON.stringify([packages.map(({ digest }) => digest), parts.contents, digestOf(parts.kernel), digestOf(parts.initramfs), kernel]))
}

function place(manifest: GuestManifest, parts: Parts, work: string): string {
  const name = join('built', manifest.inputs.slice('sha256:'.length))
  const directory = join(work, name)
  if (!existsSync(directory)) {
    const unfinished = `${directory}.${process.pid}`
    mkdirSync(unfinished, { recursive: true })
    writeFileSync(join(unfinished, builtGuestLayout.kernel), parts.kernel)
    writeFileSync(join(unfinished, builtGuestLayout.initramfs), parts.initramfs)
    writeFileSync(join(unfinished, builtGuestLayout.manifest), `${JSON.stringify(manifest, null, 1)}\n`)
    renameSync(unfinished, directory)
  }
  const link = join(work, manifest.kind)
  const fresh = `${link}.${process.pid}`
  rmSync(fresh, { force: true })
  symlinkSync(name, fresh)
  renameSync(fresh, link)
  return link
}

function digestOf(bytes: Uint8Array): string {
  return `sha256:${sha256Hex(bytes)}`
}
