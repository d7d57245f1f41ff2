import { statSync } from 'node:fs'

/** A file changed within this time of being read may change again without its times showing it. */
const settledMs = 2000

/**
 * A text that differs when the file does, without reading it: the time of change is the kernel's and cannot be set. Undefined for what
 * is no regular file, and for a file that changed so recently that a second change could hide.
 */
export function fileState(path: string): string | undefined {
  const stats = statSync(path, { bigint: true, throwIfNoEntry: false })
  if (stats === undefined || !stats.isFile() || Date.now() - Number(stats.ctimeMs) < settledMs) return undefined
  return `stat:${stats.dev}:${stats.ino}:${stats.size}:${stats.mtimeNs}:${stats.ctimeNs}`
}
