import type { Flags } from '../flag.ts'
import { bool } from '../kinds.ts'
import { platform, type PlatformValue } from '../values/platform.ts'

export const imageCopyFlags: Flags<{ all: boolean; overwrite: boolean; platform: PlatformValue | undefined; withoutReferrers: boolean }> = {
  all: { name: 'all', kind: bool(), help: 'copy the images of all platforms that an index lists' },
  overwrite: { name: 'overwrite', kind: bool(), help: 'replace an archive that is there' },
  platform: { name: 'platform', kind: platform, help: "the image to copy of an index: OS/ARCH[/VARIANT]; this machine's unless said" },
  withoutReferrers: { name: 'without-referrers', kind: bool(), help: 'leave signatures, attestations and whatever else refers to the image' },
}
