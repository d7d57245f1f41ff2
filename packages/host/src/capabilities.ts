import { readFileSync } from 'node:fs'

/** By bit, as linux/capability.h numbers them. */
export const capabilityNames: readonly string[] = [
  'CAP_CHOWN', 'CAP_DAC_OVERRIDE', 'CAP_DAC_READ_SEARCH', 'CAP_FOWNER', 'CAP_FSETID', 'CAP_KILL', 'CAP_SETGID', 'CAP_SETUID', 'CAP_SETPCAP',
  'CAP_LINUX_IMMUTABLE', 'CAP_NET_BIND_SERVICE', 'CAP_NET_BROADCAST', 'CAP_NET_ADMIN', 'CAP_NET_RAW', 'CAP_IPC_LOCK', 'CAP_IPC_OWNER',
  'CAP_SYS_MODULE', 'CAP_SYS_RAWIO', 'CAP_SYS_CHROOT', 'CAP_SYS_PTRACE', 'CAP_SYS_PACCT', 'CAP_SYS_ADMIN', 'CAP_SYS_BOOT', 'CAP_SYS_NICE',
  'CAP_SYS_RESOURCE', 'CAP_SYS_TIME', 'CAP_SYS_TTY_CONFIG', 'CAP_MKNOD', 'CAP_LEASE', 'CAP_AUDIT_WRITE', 'CAP_AUDIT_CONTROL', 'CAP_SETFCAP',
  'CAP_MAC_OVERRIDE', 'CAP_MAC_ADMIN', 'CAP_SYSLOG', 'CAP_WAKE_ALARM', 'CAP_BLOCK_SUSPEND', 'CAP_AUDIT_READ', 'CAP_PERFMON', 'CAP_BPF',
  'CAP_CHECKPOINT_RESTORE',
]

export type CapabilitySet = 'bounding' | 'effective' | 'permitted' | 'inheritable' | 'ambient'

const fields: Readonly<Record<CapabilitySet, string>> = {
  bounding: 'CapBnd', effective: 'CapEff', permitted: 'CapPrm', inheritable: 'CapInh', ambient: 'CapAmb',
}

/** What no process started from here can ever have more than: a runtime fails on a set that names others. */
export function boundingSet(): string[] {
  return readCapabilities('bounding')
}

/** One of the sets of this thread, or of another process. Names in the order of their bits. */
export function readCapabilities(set: CapabilitySet, pid: number | 'thread-self' = 'thread-self'): string[] {
  return parseCapabilities(readFileSync(`/proc/${pid}/status`, 'latin1'), set)
}

/** From the text of /proc/PID/status. */
export function parseCapabilities(status: string, set: CapabilitySet): string[] {
  const mask = BigInt(`0x${new RegExp(`^${fields[set]}:\\s*([0-9a-f]+)$`, 'm').exec(status)?.[1] ?? '0'}`)
  return capabilityNames.filter((_, bit) => (mask >> BigInt(bit)) & 1n)
}

/** Those that this kernel knows: `capabilityNames` up to its last. */
export function kernelCapabilities(): string[] {
  return capabilityNames.slice(0, Number(readFileSync('/proc/sys/kernel/cap_last_cap', 'latin1')) + 1)
}
