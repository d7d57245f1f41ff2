import { closeSync, openSync } from 'node:fs'
import { bindMount, linux } from '@rocket/host'
import type { KnownRuntime } from './runtime/known-runtimes.ts'

/**
 * An app could write to the program of its runtime through /proc/PID/exe (CVE-2019-5736), so crun first executes itself again from a read-only
 * mount of itself, for which it makes a file in /tmp: 2 ms each time, and the file stays when it is killed in between. Unless it finds
 * that it runs from a read-only mount already: docs/decisions/0012.
 */
export function runtimeToProtect(runtime: Pick<KnownRuntime, 'name' | 'path'>): string | undefined {
  return runtime.name === 'crun' ? runtime.path : undefined
}

/** Makes a program read-only in this mount namespace, in which no app is. */
export function protectRuntime(path: string): void {
  // By descriptor: the path may be a link, and a mount on a link would not be met by who follows it.
  const fd = openSync(path, linux.O_PATH | linux.O_CLOEXEC)
  try {
    bindMount(fd, fd, { readOnly: true })
  } finally {
    closeSync(fd)
  }
}
