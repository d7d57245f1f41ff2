import { existsSync } from 'node:fs'
import { RocketError, type ImageRecord } from '@rocket/contracts'

/** appc's architectures that a kernel of ours runs by itself, by Node's name for it. */
const runnable: Readonly<Record<string, readonly string[]>> = {
  x64: ['amd64', 'i386'], ia32: ['i386'], arm64: ['aarch64', 'armv7l', 'armv6l'], arm: ['armv7l', 'armv6l'], ppc64: ['ppc64le'],
  s390x: ['s390x'],
}
/** What a registered interpreter is called in binfmt_misc, by appc's architecture. */
const interpreters: Readonly<Record<string, string>> = {
  amd64: 'qemu-x86_64', i386: 'qemu-i386', aarch64: 'qemu-aarch64', armv7l: 'qemu-arm', armv6l: 'qemu-arm', ppc64le: 'qemu-ppc64le',
  s390x: 'qemu-s390x',
}

/** Refuses an image that this machine cannot run, in rkt's words: IMAGE_PLATFORM_MISMATCH. */
export function checkPlatform(record: ImageRecord, machine: string = process.arch): void {
  const { labels, name } = record.manifest
  const refuse = (why: string): RocketError =>
    new RocketError('IMAGE_PLATFORM_MISMATCH', {
      what: `image ${name} cannot be run here`, why, hint: 'fetch the image built for this machine',
    })
  const labelled = (label: string): string | undefined => labels.find((one) => one.name === label)?.value
  const os = labelled('os')
  const arch = labelled('arch')
  if (os === undefined) throw refuse('missing os label in the image manifest')
  if (arch === undefined) throw refuse('missing arch label in the image manifest')
  if (os !== 'linux') throw refuse(`bad os ${JSON.stringify(os)} (must be one of: [linux])`)
  const native = runnable[machine] ?? []
  if (native.includes(arch)) return
  const interpreter = Object.hasOwn(interpreters, arch) ? interpreters[arch] : undefined
  if (interpreter !== undefined && existsSync(`/proc/sys/fs/binfmt_misc/${interpreter}`)) return
  throw refuse(`bad arch ${JSON.stringify(arch)} (must be one of: [${native.join(' ')}])`)
}
