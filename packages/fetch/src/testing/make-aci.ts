import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** An ACI with one program in it, packed by GNU tar; `manifest` overrides fields of its manifest. */
export function makeAci(directory: string, name = 'x.aci', manifest: Record<string, unknown> = {}, ...tarOptions: string[]): string {
  const source = join(directory, `${name}-source`)
  mkdirSync(join(source, 'rootfs/bin'), { recursive: true })
  writeFileSync(join(source, 'rootfs/bin/true'), '#!/bin/sh\n', { mode: 0o755 })
  writeFileSync(join(source, 'manifest'), JSON.stringify({
    acKind: 'ImageManifest', acVersion: '0.8.11', name: 'example.com/true', labels: [
      { name: 'version', value: '1.0' }, { name: 'os', value: 'linux' }, { name: 'arch', value: 'amd64' },
    ],
    app: { exec: ['/bin/true'], user: '0', group: '0' }, ...manifest,
  }))
  const path = join(directory, name)
  execFileSync('tar', ['-C', source, ...tarOptions, '-cf', path, 'manifest', 'rootfs'])
  return path
}
