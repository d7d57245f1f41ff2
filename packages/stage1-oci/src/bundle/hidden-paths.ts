/** Kernel interfaces that an app does not see: rkt's, and those that runtimes hide today. A path that does not exist is passed over. */
export const maskedPaths: readonly string[] = [
  '/proc/acpi', '/proc/asound', '/proc/config.gz', '/proc/interrupts', '/proc/kallsyms', '/proc/kcore', '/proc/keys', '/proc/kmem',
  '/proc/latency_stats',
  '/proc/mem', '/proc/sched_debug', '/proc/scsi', '/proc/timer_list', '/proc/timer_stats',
  '/sys/firmware', '/sys/fs', '/sys/hypervisor', '/sys/module', '/sys/power', '/sys/devices/virtual/powercap',
]

/** Those that it sees and cannot write. /sys is mounted read-only as a whole. */
export const readOnlyPaths: readonly string[] = ['/proc/bus', '/proc/fs', '/proc/irq', '/proc/sys', '/proc/sysrq-trigger']
