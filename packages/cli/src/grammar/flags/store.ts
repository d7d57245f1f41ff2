import { FlagValueError, type FlagKind, type Flags } from '../flag.ts'
import { bool, duration } from '../kinds.ts'
import { parseQuantity } from '../values/quantity.ts'

/** A number of bytes: `500M`, `20Gi`. */
const bytes: FlagKind<number | undefined> = {
  initial: undefined,
  shownDefault: '',
  add(_, text) {
    const size = Number(parseQuantity(text) / 1_000_000_000n)
    if (size < 0) throw new FlagValueError(`${JSON.stringify(text)} must not be negative`)
    return size
  },
}

export const imageOutputFlags: Flags<{ overwrite: boolean; rootfsOnly: boolean }> = {
  overwrite: { name: 'overwrite', kind: bool(), help: 'replace what is there' },
  rootfsOnly: { name: 'rootfs-only', kind: bool(), help: 'the root file system alone, without the manifest' },
}

export const imageGcFlags: Flags<{ gracePeriod: number; maxBytes: number | undefined }> = {
  gracePeriod: { name: 'grace-period', kind: duration(86_400_000, '24h0m0s'), help: 'how long an image stays that nobody uses' },
  maxBytes: { name: 'max-bytes', kind: bytes, help: 'remove the least recently used images until the store takes no more of the disk (500M, 20Gi)' },
}

export const explainFlags: Flags<{ explain: boolean }> = {
  explain: { name: 'explain', kind: bool(), help: 'say what would be kept and removed, and why, and do nothing' },
}

export const storeCheckFlags: Flags<{ quick: boolean; repair: boolean }> = {
  quick: { name: 'quick', kind: bool(), help: 'look at records and names only, not at the content of blobs and trees' },
  repair: { name: 'repair', kind: bool(), help: 'mend what can be mended from what is in the store; nothing that a pod uses is removed' },
}
