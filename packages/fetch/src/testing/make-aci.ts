import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** A library image: files, and a manifest without an app. Its content and name differ from those of any other one. */
export function makeLibrary(
  directory: string, name: string, files: Readonly<Record<string, string>>, manifest: Record<string, unknown> = {}, ...tarOptions: string[]
): string {
  const source = mkdtempSync(join(directory, 'library-'))
  mkdirSync(join(source, 'rootfs'))
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(source, 'rootfs', path)), { recursive: true })
    writeFileSync(join(source, 'rootfs', path), content)
  }
  const labels = [{ name: 'version', value: '1' }, { name: 'os', value: 'linux' }, { name: 'arch', value: process.arch === 'arm64' ? 'aarch64' : 'amd64' }]
  writeFileSync(join(source, 'manifest'), JSON.stringify({ acKind: 'ImageManifest', acVersion: '0.8.11', name, labels, ...manifest }))
  const path = `${source}.aci`
  execFileSync('tar', ['-C', source, ...tarOptions, '-cf', path, 'manifest', 'rootfs'])
  return path
}

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
