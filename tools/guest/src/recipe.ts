import type { GuestManifest } from '@rocket/contracts'

export type Kind = GuestManifest['kind']
export const kinds: readonly Kind[] = ['debian', 'small']

/** The guest is a system of its own: all of it is from this release, whatever the machine it is built on runs. */
export const suite = 'trixie'
export const architecture = 'amd64'

/** Packages that programs and libraries of the initramfs are from. */
export const guestPackages: readonly string[] = ['busybox-static', 'crun', 'quickjs', 'libc6', 'libcap2', 'libseccomp2', 'libsystemd0', 'libyajl2']
/** Depend on the packages that carry the kernel, by whatever version they have. */
export const kernelPackages: Readonly<Record<Kind, string>> = { debian: 'linux-image-cloud-amd64', small: 'linux-source' }
/** What the small kernel is compiled with; whatever these depend on comes along. */
export const compilerPackages: readonly string[] = [
  'base-files', 'bash', 'bc', 'bison', 'coreutils', 'dash', 'diffutils', 'findutils', 'flex', 'gcc', 'grep', 'gzip', 'libelf-dev', 'make', 'mawk',
  'perl', 'sed', 'tar', 'xz-utils',
]

/** Programs by their place in the guest; the libraries they need are found. */
export const programs: readonly { to: string; from: string; package: string }[] = [
  { to: '/bin/busybox', from: '/usr/bin/busybox', package: 'busybox-static' },
  { to: '/bin/crun', from: '/usr/bin/crun', package: 'crun' },
  { to: '/bin/qjs', from: '/usr/bin/qjs', package: 'quickjs' },
]
/** Of busybox, what `/init`, the agent and the network script call. */
export const applets: readonly string[] = ['cat', 'chroot', 'insmod', 'ip', 'mkdir', 'mount', 'reboot', 'sh', 'sleep', 'stty', 'sync', 'umount', 'unshare']
export const directories: readonly string[] = ['/dev', '/lib64', '/mnt', '/modules/boot', '/modules/network', '/pod', '/proc', '/run', '/sys', '/tmp']
export const librariesDirectory = '/lib/x86_64-linux-gnu'
export const loader = '/lib64/ld-linux-x86-64.so.2'

/** In the order in which they are inserted. What is built into the kernel is not named. */
export const modules: Readonly<Record<'boot' | 'network', readonly string[]>> = {
  boot: ['drivers/virtio/virtio_mmio', 'drivers/virtio/virtio_balloon', 'drivers/char/hw_random/virtio-rng'],
  network: ['net/core/failover', 'drivers/net/net_failover', 'drivers/net/virtio_net'],
}

const always = 'console=ttyS0 quiet reboot=t panic=-1 random.trust_cpu=on'
const emulated = 'tsc_early_khz={tscKhz} no_timer_check'
type KernelFacts = Pick<GuestManifest['kernel'], 'commandLine' | 'commandLineEmulated' | 'microvmNeedsAcpi'>
export const kernelFacts: Readonly<Record<Kind, KernelFacts & { features: GuestManifest['features'] }>> = {
  debian: {
    commandLine: always, commandLineEmulated: emulated, microvmNeedsAcpi: true,
    features: { virtiofs: true, ninep: false, erofs: false, balloonReporting: true, pci: true },
  },
  small: {
    commandLine: always, commandLineEmulated: emulated, microvmNeedsAcpi: false,
    features: { virtiofs: true, ninep: true, erofs: true, balloonReporting: true, pci: true },
  },
}
