import { mkdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { builtGuestLayout, parseDocument } from '@rocket/contracts'
import { packAci, type PackedAci } from '@rocket/image'

/** Packs a built guest as an image without an app, which can be signed, fetched and verified as any other. The same guest gives the same bytes. */
export async function packGuest(directory: string, file: string): Promise<PackedAci> {
  const manifest = parseDocument('GuestManifest', readFileSync(join(directory, builtGuestLayout.manifest), 'utf8'), builtGuestLayout.manifest)
  mkdirSync(dirname(file), { recursive: true })
  return packAci(file, {
    rootfs: directory, latestNs: 0n,
    manifest: JSON.stringify({
      acKind: 'ImageManifest', acVersion: '0.8.11', name: `rocket/guest-${manifest.kind}`,
      labels: [{ name: 'version', value: manifest.kernel.release }, { name: 'os', value: 'linux' }, { name: 'arch', value: manifest.architecture }],
      annotations: [{ name: 'rocket/guest-inputs', value: manifest.inputs }],
    }),
  })
}
