import { closeSync, openSync } from 'node:fs'
import { native } from '@rocket/host'

interface Syncs {
  running: Promise<void>
  next?: Promise<void>
}

const underway = new Map<string, Syncs>()

/**
 * Everything written so far to the file system of a store is on the disk when this is done; the thread goes on with other layers meanwhile.
 * One at a time: those who come while one runs share the one after it, as it covers what all of them wrote, and the thread pool has other
 * work.
 */
export function syncFileSystem(directory: string): Promise<void> {
  const known = underway.get(directory)
  if (known !== undefined) return (known.next ??= known.running.catch(() => {}).then(() => begin(directory)))
  return begin(directory)
}

function begin(directory: string): Promise<void> {
  const syncs: Syncs = { running: sync(directory) }
  underway.set(directory, syncs)
  return syncs.running.finally(() => {
    if (underway.get(directory) === syncs && syncs.next === undefined) underway.delete(directory)
  })
}

async function sync(directory: string): Promise<void> {
  const fd = openSync(directory, 'r')
  try {
    await native().syncfs(fd)
  } finally {
    closeSync(fd)
  }
}
