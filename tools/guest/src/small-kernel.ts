import { copyFileSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { RocketError } from '@rocket/contracts'
import { runProgramOrFail, sha256Hex } from '@rocket/host'
import { downloadPackage } from './download.ts'
import type { LockedPackage } from './lock.ts'

const config = new URL('../small.config', import.meta.url)
const hours = 3_600_000

/** Inside the directory that becomes the compiler's root. Nothing of the time, the user or the machine goes into the kernel. */
const script = `set -e
cd /src
export KBUILD_BUILD_TIMESTAMP=@0 KBUILD_BUILD_USER=rocket KBUILD_BUILD_HOST=rocket LC_ALL=C SOURCE_DATE_EPOCH=0 KCONFIG_ALLCONFIG=/small.config
make allnoconfig >/config.log 2>&1
grep -E '^CONFIG_' /small.config | while read -r line; do grep -qxF "$line" .config || { echo "the kernel does not take $line" >&2; exit 1; }; done
make -j"$1" vmlinux >/make.log 2>&1 || { tail -n 20 /make.log >&2; exit 1; }
strip --strip-all -o /kernel vmlinux
make -s kernelrelease >/release
`

export interface SmallKernel {
  file: string
  release: string
}

/** Compiles the kernel, which takes minutes, unless it was compiled from the same packages, configuration and script before. Needs root. */
export async function buildSmallKernel(locked: readonly LockedPackage[], work: string): Promise<SmallKernel> {
  const inputs = sha256Hex(JSON.stringify([locked.map(({ digest }) => digest), readFileSync(config, 'utf8'), script]))
  const done = join(work, 'kernels', inputs)
  if (!existsSync(done)) await compile(locked, work, done)
  return { file: join(done, 'kernel'), release: readFileSync(join(done, 'release'), 'utf8').trim() }
}

async function compile(locked: readonly LockedPackage[], work: string, done: string): Promise<void> {
  if (process.getuid?.() !== 0) throw new RocketError('NOT_ROOT', { what: 'the small kernel cannot be compiled', why: 'its compiler runs in a root of its own' })
  const root = join(work, `compiler.${process.pid}`)
  mkdirSync(join(root, 'src'), { recursive: true })
  try {
    await unpackCompiler(locked, work, root)
    writeFileSync(join(root, 'build.sh'), script)
    copyFileSync(config, join(root, 'small.config'))
    const inside = 'mount -t proc proc "$1/proc"; mount -t tmpfs tmpfs "$1/dev"; touch "$1/dev/null"; mount --bind /dev/null "$1/dev/null"; exec nice -n 19 chroot "$1" /bin/sh /build.sh "$2"'
    runProgramOrFail('unshare', ['--mount', '--propagation=private', 'sh', '-c', inside, 'sh', root, '2'], {
      env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' }, timeoutMs: 3 * hours,
    })
    const unfinished = `${done}.${process.pid}`
    mkdirSync(unfinished, { recursive: true })
    for (const name of ['kernel', 'release']) copyFileSync(join(root, name), join(unfinished, name))
    renameSync(unfinished, done)
  } finally {
    rmSync(root, { recursive: true, force: true })
  }
}

/** Without the scripts of the packages: files are all that a compiler needs. */
async function unpackCompiler(locked: readonly LockedPackage[], work: string, root: string): Promise<void> {
  // It makes the links from /bin to /usr/bin that the others unpack through.
  const [first, rest] = [locked.filter(({ name }) => name === 'base-files'), locked.filter(({ name }) => name !== 'base-files')]
  for (const one of [...first, ...rest]) {
    const file = await downloadPackage(one, work)
    const source = one.name.startsWith('linux-source')
    runProgramOrFail('sh', ['-c', source
      ? 'dpkg-deb --fsys-tarfile "$1" | tar -x -O --wildcards "./usr/src/*.tar.xz" | xz -dc | tar -x -C "$2/src" --strip-components=1'
      : 'dpkg-deb --fsys-tarfile "$1" | tar -x -C "$2" --keep-directory-symlink', 'sh', file, root], { timeoutMs: hours })
  }
  runProgramOrFail('ln', ['-sf', 'mawk', join(root, 'usr/bin/awk')])
}
