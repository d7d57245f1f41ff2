import { chmodSync, copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { RocketError } from '@rocket/contracts'
import { findProgram, runProgramOrFail } from '@rocket/host'
import { writeOut } from '../print/write.ts'
import { runApt } from './apt.ts'

const tools = ['cat', 'echo', 'env', 'hostname', 'id', 'ls', 'mount', 'ps', 'sh', 'sleep', 'uname', 'wc']

/** A root file system of one static program, in `rootfs` of the directory. */
export function makeRootfs(directory: string): void {
  const rootfs = join(directory, 'rootfs')
  for (const name of ['bin', 'dev', 'etc', 'proc', 'sys', 'tmp']) mkdirSync(join(rootfs, name), { recursive: true })
  const busybox = join(rootfs, 'bin/busybox')
  copyFileSync(findStaticBusybox() ?? downloadBusybox(join(directory, 'package')), busybox)
  chmodSync(busybox, 0o755)
  for (const name of tools) symlinkSync('busybox', join(rootfs, 'bin', name))
  writeFileSync(join(rootfs, 'etc/passwd'), 'root:x:0:0:root:/:/bin/sh\n')
  writeFileSync(join(rootfs, 'etc/group'), 'root:x:0:\n')
}

const script = 'echo Hello, $1. This is app $AC_APP_NAME, with process number $$ of a pod of its own.'

/** The image manifest, in appc's form; what follows the image on the command line is appended to `exec`. */
export function quickstartManifest(): object {
  const arch = process.arch === 'arm64' ? 'aarch64' : 'amd64'
  return {
    acKind: 'ImageManifest',
    acVersion: '0.8.11',
    name: 'example.com/hello',
    labels: [
      { name: 'version', value: '1.0.0' },
      { name: 'os', value: 'linux' },
      { name: 'arch', value: arch },
    ],
    app: { exec: ['/bin/sh', '-c', script, 'hello'], user: '0', group: '0', environment: [{ name: 'PATH', value: '/bin' }] },
  }
}

/** An installed busybox is of use only when it needs no libraries. */
function findStaticBusybox(): string | undefined {
  const path = findProgram('busybox')
  return path !== undefined && !needsInterpreter(readFileSync(path)) ? path : undefined
}

const elfInterpreter = 3

/** True when one of the program headers (ELF specification, 64 bit) names a dynamic loader. */
function needsInterpreter(file: Buffer): boolean {
  if (file.toString('latin1', 0, 5) !== '\x7fELF\x02') return true
  const start = Number(file.readBigUInt64LE(32))
  const [size, count] = [file.readUInt16LE(54), file.readUInt16LE(56)]
  return Array.from({ length: count }, (_, index) => file.readUInt32LE(start + index * size)).includes(elfInterpreter)
}

/** The package is taken apart and not installed: it would replace the ordinary busybox of the machine. */
function downloadBusybox(directory: string): string {
  if (findProgram('apt-get') === undefined || findProgram('dpkg-deb') === undefined) {
    throw new RocketError('PROGRAM_MISSING', {
      what: 'there is no static busybox to make an image of',
      hint: 'install busybox-static, or put a static busybox into PATH',
    })
  }
  const known = findBusybox(directory)
  if (known !== undefined) return known
  writeOut('\n# The program of the image, taken out of a package that is not installed:\n')
  // Made aside and renamed when whole: whoever is killed in between leaves nothing that looks like a program.
  const partial = `${directory}.partial`
  rmSync(partial, { recursive: true, force: true })
  mkdirSync(partial, { recursive: true })
  const cwd = resolve(partial)
  writeOut(`$ cd ${directory} && apt-get download busybox-static && dpkg-deb -x busybox-static_*.deb .\n`)
  // As root apt would fetch as a user of its own, who cannot write here.
  const isLoaded = runApt(['-o', 'APT::Sandbox::User=root', 'download', 'busybox-static'], { cwd })
  const file = readdirSync(cwd).find((name) => name.endsWith('.deb'))
  if (!isLoaded || file === undefined) {
    throw new RocketError('PROGRAM_FAILED', {
      what: 'apt-get download left no package of busybox-static',
      hint: 'see what `apt-get download busybox-static` says, or put a static busybox into PATH',
    })
  }
  runProgramOrFail('dpkg-deb', ['-x', file, '.'], { cwd })
  rmSync(directory, { recursive: true, force: true })
  renameSync(partial, directory)
  const found = findBusybox(directory)
  if (found === undefined) throw new RocketError('PROGRAM_FAILED', { what: 'the package busybox-static holds no busybox' })
  return found
}

function findBusybox(directory: string): string | undefined {
  return ['bin/busybox', 'usr/bin/busybox'].map((path) => join(directory, path)).find((path) => existsSync(path))
}
