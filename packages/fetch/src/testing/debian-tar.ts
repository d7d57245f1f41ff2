import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const path = join(tmpdir(), 'rocket-test-debian.tar')

/**
 * The root file system of a small Debian, some 170 MB, as a tar. mmdebstrap makes it once and it stays in the temporary directory. A text
 * says why it cannot be made here.
 */
export function debianTar(): Buffer | string {
  if (existsSync(path)) return readFileSync(path)
  if (process.geteuid?.() !== 0) return 'mmdebstrap needs root'
  if (!existsSync('/usr/bin/mmdebstrap')) return 'needs mmdebstrap: apt-get install mmdebstrap'
  const building = `${path}.${process.pid}`
  try {
    execFileSync('mmdebstrap', ['--quiet', '--variant=minbase', 'stable', building], { stdio: 'pipe', timeout: 300_000 })
    renameSync(building, path)
    return readFileSync(path)
  } catch (error) {
    rmSync(building, { force: true })
    const complaint = String((error as { stderr?: Buffer }).stderr).trim().split('\n').at(-1)
    return `mmdebstrap cannot make a root file system here: ${complaint ?? ''}`
  }
}
