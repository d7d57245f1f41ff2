import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import {
  appendFileSync, copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, statSync, symlinkSync, writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { writeLayout } from './oci-layout.ts'

/** Applets that the rows run. */
const applets = ['true', 'sleep', 'sh']
const bigBytes = 404_000_000
const bigFiles = 12_000

/** A root file system of the static busybox; `mark` makes one that differs from the others. */
export function makeRootfs(target: string, busybox: string, mark?: string): void {
  for (const name of ['bin', 'etc', 'proc', 'dev', 'sys', 'tmp']) mkdirSync(join(target, name), { recursive: true })
  copyFileSync(busybox, join(target, 'bin/busybox'))
  execFileSync('chmod', ['755', join(target, 'bin/busybox')])
  for (const applet of applets) symlinkSync('busybox', join(target, 'bin', applet))
  writeFileSync(join(target, 'etc/passwd'), 'root:x:0:0:root:/:/bin/sh\n')
  writeFileSync(join(target, 'etc/group'), 'root:x:0:\n')
  if (mark !== undefined) writeFileSync(join(target, 'etc/mark'), mark)
}

/** The small image: one layer, a program that ends at once, one port. */
export function smallImage(work: string, busybox: string, mark?: string): string {
  return madeOnce(join(work, mark === undefined ? 'small' : `small-${mark}`), (target) => {
    const rootfs = mkdtempSync(join(work, 'rootfs-'))
    makeRootfs(rootfs, busybox, mark)
    const tar = `${rootfs}.tar`
    execFileSync('tar', ['--sort=name', '--owner=0', '--group=0', '-C', rootfs, '-cf', tar, '.'])
    rmSync(rootfs, { recursive: true })
    writeLayout(target, { layers: [tar], command: ['/bin/true'], exposedPorts: ['80/tcp'] })
  })
}

/** 404 MB in 12 000 files and three layers, of what this machine has below /usr: real files, as compressible as an image's. */
export function bigImage(work: string): string {
  return madeOnce(join(work, 'big'), (target) => {
    const chosen = chooseFiles('/usr')
    const third = Math.ceil(chosen.length / 3)
    const layers = [0, 1, 2].map((index) => {
      const list = join(work, `big-${index}.list`)
      const tar = join(work, `big-${index}.tar`)
      writeFileSync(list, chosen.slice(index * third, (index + 1) * third).map((path) => `${path.slice(1)}\0`).join(''))
      execFileSync('tar', ['-C', '/', '--null', '--no-recursion', `--files-from=${list}`, '-cf', tar])
      rmSync(list)
      return tar
    })
    writeLayout(target, { layers, command: ['/bin/true'] })
  })
}

/** One layer of 1 GB that does not compress, half of it one file. */
export function heavyImage(work: string): string {
  return madeOnce(join(work, 'heavy'), (target) => {
    const source = mkdtempSync(join(work, 'heavy-'))
    const tar = `${source}.tar`
    for (let file = 0; file < 64; file++) {
      const bytes = randomBytes(8_000_000)
      appendFileSync(join(source, 'large'), bytes)
      writeFileSync(join(source, `small-${file}`), bytes.reverse())
    }
    execFileSync('tar', ['-C', source, '-cf', tar, '.'])
    rmSync(source, { recursive: true })
    writeLayout(target, { layers: [tar], command: ['/bin/true'] })
  })
}

/** A sample over all sizes, so that they are spread as on a real system; how many of the largest are left out makes the sum right. */
export function chooseFiles(root: string): string[] {
  const bySize = [...walk(root)].toSorted((a, b) => b.size - a.size || (a.path < b.path ? -1 : 1))
  const sample = (skipped: number): typeof bySize => {
    const step = Math.max(1, (bySize.length - skipped) / bigFiles)
    return Array.from({ length: bigFiles }, (_, index) => bySize[skipped + Math.floor(index * step)]).filter((file) => file !== undefined)
  }
  let skipped = 0
  while (sample(skipped).reduce((sum, file) => sum + file.size, 0) > bigBytes) skipped += 1 + (skipped >> 3)
  return sample(skipped).map((file) => file.path).sort()
}

function* walk(directory: string): Generator<{ path: string; size: number }> {
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name)
    if (entry.isDirectory()) yield* walk(path)
    else if (entry.isFile()) yield { path, size: statSync(path).size }
  }
}

function madeOnce(path: string, make: (target: string) => void): string {
  if (existsSync(path)) return path
  const target = `${path}.new`
  rmSync(target, { recursive: true, force: true })
  mkdirSync(target, { recursive: true })
  make(target)
  renameSync(target, path)
  return path
}
