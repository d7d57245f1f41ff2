/**
 * Names on which the machine around a guest and the agent inside it agree. The share is all that the two have in common on disk; its root
 * is mounted at `mountPoint`, and paths of `GuestPod` are relative to it.
 */
export const guestLayout = {
  /** The tag of the virtiofs or 9p share. */
  shareTag: 'pod',
  mountPoint: '/pod',
  pod: 'guest.json',
  /** Namespaces of the pod's apps, for `linux.namespaces[].path` of a bundle; network and host name are the guest's own. */
  namespaces: { pid: '/run/rocket/ns/pid', ipc: '/run/rocket/ns/ipc' },
  /** What the pod's apps share as /dev/shm: the source of a bind mount in a bundle. */
  sharedMemory: '/run/rocket/shm',
  controlPort: 'rocket.control',
  eventPort: 'rocket.events',
  /** `index` is the app's place in `GuestPod.apps`, or any number for what is added later. */
  appPort: (index: number, stream: 'in' | 'out' | 'err' | 'tty'): string => `rocket.${index}.${stream}`,
  sessionPort: (session: string, stream: 'in' | 'out' | 'err' | 'tty'): string => `rocket.enter.${session}.${stream}`,
  /** The longest line on the control and event ports, in bytes with its line feed. */
  maxLineBytes: 65536,
} as const

/** In the directory of a built guest. */
export const builtGuestLayout = {
  manifest: 'manifest.json',
  kernel: 'kernel',
  initramfs: 'initramfs',
} as const
