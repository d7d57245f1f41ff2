import { RocketError } from '@rocket/contracts'
import { type LayerPath, showPath } from './entry-path.ts'
import type { Place } from './rooted-tree.ts'
import type { Whiteout } from './whiteouts.ts'

/** How a tree takes deletions: `OverlayDeletions` marks them, `AppliedDeletions` carries them out, in an ACI there are none. */
export interface Deletions {
  /** Whether `.wh.` names mean deletions at all. */
  readonly areMeant: boolean
  delete(whiteout: Exclude<Whiteout, { kind: 'reserved' }>): void
  /** An entry is about to be written there. */
  writing(path: LayerPath): void
  /** A directory took the place of something that was none. */
  replacedByDirectory(path: LayerPath, fd: number): void
  /** Something that is no directory stands where one must be. True: a directory was put in its place. */
  blocked(place: Place): boolean
  /** A directory that was there may be about to be written into. */
  directoryOpened(path: LayerPath, fd: number): void
  /** Before directories get their times. */
  finish(): void
}

export const noDeletions: Deletions = {
  areMeant: false,
  delete: () => {},
  writing: () => {},
  replacedByDirectory: () => {},
  blocked: () => false,
  directoryOpened: () => {},
  finish: () => {},
}

export function notOpaque(path: LayerPath): RocketError {
  return new RocketError('WHITEOUT_INVALID', { what: `the opaque mark of ${showPath(path)} was refused`, why: 'it is not a directory' })
}
