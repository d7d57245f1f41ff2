import { readFileSync } from 'node:fs'

/** Differs after every boot: with a pid and its start time it names a process for good. A UUID. */
export function bootId(): string {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim()
}
