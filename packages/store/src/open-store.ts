import { lstatSync, mkdirSync, type Stats } from 'node:fs'
import { join } from 'node:path'
import { isErrno, RocketError, storeLayout } from '@rocket/contracts'
import { syscallError } from '@rocket/host'

/** An image store: `directory` is absolute, private, and ours. Made by {@link openStore} only. */
export interface Store {
  readonly directory: string
}

const subdirectories = [
  'images', storeLayout.names, 'refs/pods', 'evidence', storeLayout.layers, `${storeLayout.blobs}/sha256`, storeLayout.ingest,
]

/**
 * Looks at the directory before anything in it is believed: a real directory, owned by us, that nobody else can write to, with
 * `layers` and `ingest` closed to others and on the same file system (set-user-id files of images lie there). `create` makes what is
 * missing, with mode 0700. Throws STORE_UNSAFE; IMAGE_NOT_FOUND stays the look-ups' word for an empty store.
 */
export function openStore(directory: string, options: { create?: boolean } = {}): Store {
  checkDirectories(directory)
  if (options.create !== true) return { directory }
  createDirectories(directory)
  checkDirectories(directory)
  return { directory }
}

function checkDirectories(directory: string): void {
  const top = statIfThere(directory)
  if (top === undefined) return
  checkSafe(directory, top, 0o022)
  for (const name of [storeLayout.layers, storeLayout.ingest]) {
    const path = join(directory, name)
    const stats = statIfThere(path)
    if (stats === undefined) continue
    checkSafe(path, stats, 0o077)
    if (stats.dev !== top.dev) throw unsafe(path, 'another file system is mounted there, so nothing can be moved into it')
  }
}

/** The data directory that a store lies in: `cas` is one of several things there. */
export function dataDirectoryOf(store: Store): string {
  return join(store.directory, '..')
}

function createDirectories(directory: string): void {
  try {
    for (const name of ['', ...subdirectories]) mkdirSync(join(directory, name), { recursive: true, mode: 0o700 })
  } catch (error) {
    throw syscallError(error, `the image store ${directory} cannot be made`)
  }
}

function statIfThere(path: string): Stats | undefined {
  try {
    return lstatSync(path)
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return undefined
    if (isErrno(error, 'EACCES')) throw unsafe(path, 'we may not look into it', 'run as root or as the user who owns it, or use another --dir')
    if (isErrno(error, 'ENOTDIR', 'ELOOP')) throw unsafe(path, (error as Error).message)
    throw error
  }
}

function checkSafe(path: string, stats: Stats, forbidden: number): void {
  if (!stats.isDirectory()) throw unsafe(path, stats.isSymbolicLink() ? 'it is a symbolic link' : 'it is no directory')
  const user = process.geteuid?.() ?? 0
  if (stats.uid !== user) throw unsafe(path, `it belongs to user ${stats.uid}, and we are user ${user}`, hintFor(stats.uid))
  if ((stats.mode & forbidden) !== 0) {
    throw unsafe(
      path,
      `its mode is ${(stats.mode & 0o7777).toString(8).padStart(4, '0')}: others can ${forbidden === 0o022 ? 'write to' : 'enter'} it`,
    )
  }
}

/** Root in a directory of somebody else's has a reason to distrust it; for another user it is the wrong user or place. */
function hintFor(owner: number): string {
  return owner === 0 ? 'run as root, or use another --dir' : usualHint
}

const usualHint = 'run as the user who owns it, or use another --dir; a directory that others made has to go, and the images to be fetched again'

function unsafe(path: string, why: string, hint: string = usualHint): RocketError {
  return new RocketError('STORE_UNSAFE', { what: `the image store is not used because of ${path}`, why, hint })
}
