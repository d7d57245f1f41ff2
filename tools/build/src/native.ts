/**
 * Builds the native part of `@rocket/host`: `node tools/build/src/native.ts [--force]`. Does nothing when what lies in `dist/native` was built
 * from the same sources, options and architecture. Two builds at once do no harm: each writes beside and renames.
 */
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { globSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'

const hostDirectory = resolve(import.meta.dirname, '../../../packages/host')

const common = ['-O2', '-Wall', '-Wextra', '-Wl,-z,noexecstack', '-s']
const programs = [
  {
    output: 'rocket.node',
    sources: (all: string[]): string[] => all.filter((name) => name !== 'pod-init.c'),
    options: [...common, '-std=gnu11', '-fPIC', '-pthread', '-fvisibility=hidden', '-shared', '-Wl,-z,now'],
  },
  {
    output: 'pod-init',
    sources: (): string[] => ['pod-init.c'],
    options: [
      ...common, '-std=gnu11', '-static', '-nostdlib', '-ffreestanding', '-fno-stack-protector', '-fno-pie',
      '-fno-asynchronous-unwind-tables', '-Wl,--build-id=none', '-Wl,-z,norelro',
    ],
  },
]

/** Small programs of other packages, one from each `packages/NAME/native/X.c`, static: they run where the pod has no C library. */
const helperOptions = [...common, '-std=gnu11', '-static']

function findHelpers(packagesDirectory: string): { output: string; source: string }[] {
  return globSync('*/native/*.c', { cwd: packagesDirectory }).sort()
    .filter((name) => !name.startsWith('host/'))
    .map((name) => ({ output: basename(name, '.c'), source: join(packagesDirectory, name) }))
}

export interface NativeBuild {
  directory: string
  built: boolean
}

/** Exit code 1 and a message on stderr, as a script; throws the same as a library. */
export function buildNative(options: { force?: boolean; packageDirectory?: string; quiet?: boolean } = {}): NativeBuild {
  const base = options.packageDirectory ?? hostDirectory
  const sources = join(base, 'native')
  const directory = join(base, 'dist', 'native')
  const stamp = join(directory, 'built-from')
  const helpers = options.packageDirectory === undefined ? findHelpers(join(base, '..')) : []
  const digest = digestOfInputs(sources, helpers)
  if (options.force !== true && isCurrent(directory, stamp, digest, helpers)) return { directory, built: false }
  mkdirSync(directory, { recursive: true })
  const compiler = findCompiler()
  const all = readdirSync(sources).filter((name) => name.endsWith('.c')).sort()
  const builds = [
    ...programs.map(({ output, options, sources: pick }) => ({ output, options, files: pick(all).map((name) => join(sources, name)) })),
    ...helpers.map(({ output, source }) => ({ output, options: helperOptions, files: [source] })),
  ]
  for (const program of builds) {
    const beside = join(directory, `.${program.output}.${process.pid}`)
    try {
      execFileSync(compiler, [...program.options, '-o', beside, ...program.files], { stdio: ['ignore', 'inherit', options.quiet === true ? 'ignore' : 'inherit'] })
      renameSync(beside, join(directory, program.output))
    } finally {
      rmSync(beside, { force: true })
    }
  }
  writeFileSync(`${stamp}.${process.pid}`, digest)
  renameSync(`${stamp}.${process.pid}`, stamp)
  return { directory, built: true }
}

function digestOfInputs(sources: string, helpers: readonly { source: string }[]): string {
  const hash = createHash('sha256').update(JSON.stringify([process.arch, programs.map(({ output, options }) => [output, options])]))
  for (const name of readdirSync(sources).sort()) hash.update(`\0${name}\0`).update(readFileSync(join(sources, name)))
  for (const { source } of helpers) hash.update(`\0${helperOptions.join(' ')}\0${basename(source)}\0`).update(readFileSync(source))
  return hash.digest('hex')
}

function isCurrent(directory: string, stamp: string, digest: string, helpers: readonly { output: string }[]): boolean {
  try {
    const present = readdirSync(directory)
    return [...programs, ...helpers].every(({ output }) => present.includes(output)) && readFileSync(stamp, 'utf8') === digest
  } catch {
    return false
  }
}

function findCompiler(): string {
  for (const name of [process.env['CC'], 'cc', 'gcc', 'clang']) {
    if (name === undefined || name === '') continue
    try {
      execFileSync(name, ['--version'], { stdio: 'ignore' })
      return name
    } catch {
      continue
    }
  }
  throw new NativePartMissing()
}

class NativePartMissing extends Error {
  readonly code = 'NATIVE_PART_MISSING'
  readonly hint = 'apt-get install gcc libc6-dev'
  constructor() {
    super('the native part cannot be built: no C compiler was found (tried $CC, cc, gcc, clang)')
  }
}

if (import.meta.main) {
  try {
    const { directory, built } = buildNative({ force: process.argv.includes('--force') })
    if (built) process.stderr.write(`built the native part in ${directory}\n`)
  } catch (error) {
    const { code = 'NATIVE_PART_MISSING', hint = 'apt-get install gcc libc6-dev' } = error as { code?: string; hint?: string }
    const message = error instanceof Error ? error.message : String(error)
    process.stderr.write(`rkt: ${code}: ${message}\nhint: ${hint}\n`)
    process.exitCode = 1
  }
}
