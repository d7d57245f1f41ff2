import { execFile } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { promisify } from 'node:util'
import { native } from '@rocket/host'

/**
 * Everything written so far to the file system of `path` is on the disk when this returns. By coreutils' `sync -f`, so that the disk works
 * while this thread goes on with other layers; by the call itself, which stops the thread, where there is no such program.
 */
export async function syncFileSystem(path: string): Promise<void> {
  try {
    await promisify(execFile)('sync', ['-f', path])
  } catch {
    const fd = openSync(path, 'r')
    try {
      native().syncfs(fd)
    } finally {
      closeSync(fd)
    }
  }
}
