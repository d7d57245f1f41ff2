import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { chooseFiles } from './images.ts'
import { inTurn, output, time } from './measure.ts'
import type { Row } from './row.ts'
import type { World } from './world.ts'

/** The files of the big image as one ACI, beside it the signature by a key that is trusted: with the check, and without. */
export const verifyRow: Row = {
  id: 'verify', what: 'fetch 400 MB from a signed ACI', peer: 'the same without the check', unit: 'ms', most: { ratio: 1.05 },
  measure: async (world) => {
    const { aci, etc } = signedAci(world)
    const fetch = (insecure: string): number => {
      const data = `verify-${process.pid}`
      world.removeData(data)
      execFileSync('sync')
      const taken = time(world.rkt(data, `--local-config=${etc}`, `--insecure-options=${insecure}`, 'fetch', aci))
      world.removeData(data)
      return taken
    }
    return inTurn(Math.max(5, Math.ceil(world.turns / 3)), () => fetch('none'), () => fetch('image'))
  },
}

/** Made once: its signature is good for as long as the key is there. */
function signedAci(world: World): { aci: string; etc: string } {
  const directory = join(world.work, 'signed')
  const [aci, etc, home] = [join(directory, 'big.aci'), join(directory, 'etc'), join(directory, 'gpg')]
  if (existsSync(`${aci}.asc`)) return { aci, etc }
  rmSync(directory, { recursive: true, force: true })
  mkdirSync(home, { recursive: true, mode: 0o700 })
  const manifest = join(directory, 'manifest')
  const arch = process.arch === 'arm64' ? 'aarch64' : 'amd64'
  writeFileSync(manifest, JSON.stringify({
    acKind: 'ImageManifest', acVersion: '0.8.11', name: 'example.com/big', labels: [{ name: 'os', value: 'linux' }, { name: 'arch', value: arch }],
  }))
  const list = join(directory, 'list')
  writeFileSync(list, chooseFiles('/usr').map((path) => `${path.slice(1)}\0`).join(''))
  const tar = (...args: string[]): string => output({ file: 'tar', args: ['--create', '--gzip', `--file=${aci}`, ...args] })
  tar('--transform=s,^usr,rootfs/usr,', `--directory=${directory}`, 'manifest', '--directory=/', '--null', '--no-recursion', `--files-from=${list}`)
  const gpg = (...args: string[]): string => output({ file: 'gpg', args: ['--homedir', home, '--batch', '--quiet', '--passphrase', '', ...args] })
  gpg('--quick-generate-key', 'Bench <bench@example.com>', 'ed25519', 'sign', 'never')
  writeFileSync(join(directory, 'key.asc'), gpg('--armor', '--export'))
  output(world.rkt('verify', `--local-config=${etc}`, 'trust', '--root', '--skip-fingerprint-review', join(directory, 'key.asc')))
  gpg('--armor', '--detach-sign', aci)
  output({ file: 'gpgconf', args: ['--homedir', home, '--kill', 'all'] })
  return { aci, etc }
}
