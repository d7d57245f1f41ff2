import { lstatSync, mkdirSync, readdirSync, readlinkSync, statSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import { isErrno, RocketError } from '@rocket/contracts'
import { runProgram, writeFileAtomic } from '@rocket/host'
import { readOwnFile } from './own-file.ts'

export interface KnownRuntime {
  name: string
  path: string
  version: string
  /** The file name of libseccomp, which has its version: a compiled filter depends on it. Empty when there is none. */
  libseccomp: string
  /** Size and modification time of the program: another program is another runtime. */
  file: string
}

/** Lies in /run, so it is forgotten at boot. */
interface Memory { runtimes: Record<string, KnownRuntime> }

export const memoryFile: string = '/run/rkt/oci-runtime.json'

/** What is known of a runtime since boot; asked from itself when it is new, and then remembered. */
export function readRuntime(path: string, memoryPath: string = memoryFile): KnownRuntime {
  const memory = readMemory(memoryPath)
  const known = memory.runtimes[path]
  const file = identify(path)
  if (known !== undefined && known.file === file) return known
  const runtime = { name: nameOf(path), path, version: askVersion(path), libseccomp: findLibseccomp(), file }
  remember({ ...memory, runtimes: { ...memory.runtimes, [path]: runtime } }, memoryPath)
  return runtime
}

/** Who is not root may plan a pod all the same (`rkt explain`, `--dry-run`), and remembers nothing. */
function remember(memory: Memory, path: string): void {
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o755 })
    writeFileAtomic(path, `${JSON.stringify(memory, undefined, 2)}\n`, { mode: 0o600 })
  } catch (error) {
    if (!isErrno(error, 'EACCES', 'EPERM', 'EROFS')) throw error
  }
}

function readMemory(path: string): Memory {
  const empty = { runtimes: {} }
  const text = readOwnFile(path)?.toString('utf8')
  if (text === undefined) return empty
  try {
    const memory = JSON.parse(text) as Memory
    return typeof memory.runtimes === 'object' ? memory : empty
  } catch {
    // Only knowledge that can be had again.
    return empty
  }
}

function identify(path: string): string {
  const { size, mtimeMs, ino } = statSync(path)
  return `${size}-${mtimeMs}-${ino}`
}

/** `crun` for /usr/bin/crun and for crun-1.9; the name decides what the runtime is known to do. */
function nameOf(path: string): string {
  return /^(crun|runc|youki|runsc)/.exec(basename(path))?.[1] ?? basename(path)
}

function askVersion(path: string): string {
  const { exitCode, stdout, stderr } = runProgram(path, ['--version'], { timeoutMs: 10_000 })
  const version = /version:? v?([0-9][^\s,]*)/i.exec(stdout.toString('utf8'))?.[1]
  if (exitCode === 0 && version !== undefined) return version
  throw new RocketError('OCI_RUNTIME_BROKEN', {
    what: `${path} --version says nothing that can be understood`, why: stderr.toString('utf8').trim() || `exit code ${exitCode}`,
    hint: 'name another runtime with --oci-runtime',
  })
}

function findLibseccomp(): string {
  for (
    const directory of ['/usr/lib/x86_64-linux-gnu', '/usr/lib/aarch64-linux-gnu', '/usr/lib64', '/lib64', '/usr/lib', '/usr/local/lib']
  ) {
    try {
      const name = readdirSync(directory).find((entry) => entry === 'libseccomp.so.2')
      if (name === undefined) continue
      const path = `${directory}/${name}`
      return lstatSync(path).isSymbolicLink() ? basename(readlinkSync(path)) : `${name}-${statSync(path).size}`
    } catch {
      continue
    }
  }
  return ''
}
