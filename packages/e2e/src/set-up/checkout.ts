import { spawn, spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

export const repository: string = join(import.meta.dirname, '../../../..')

/** A copy of what git would commit here, as a fresh clone: nothing installed, nothing built. Its path has a space. */
export function makeCheckout(): string {
  const root = join(mkdtempSync(join(tmpdir(), 'rocket-checkout-')), 'fresh clone')
  const listed = spawnSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], { cwd: repository, encoding: 'utf8' })
  if (listed.status !== 0) throw new Error(`git cannot list the sources of ${repository}: ${listed.stderr}`)
  for (const path of listed.stdout.split('\0').filter(Boolean)) {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    cpSync(join(repository, path), join(root, path), { errorOnExist: false, force: true })
  }
  return root
}

export interface Ended {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface LaunchOptions {
  /** Kills the launcher and everything it started, as a person who closes the machine's lid. */
  readonly killAfterMs?: number
  readonly env?: NodeJS.ProcessEnv
  readonly cwd?: string
}

/** Runs `rkt` of a checkout as a user has it: without the environment that npm and Nx gave to this test. */
export function launch(root: string, args: readonly string[], { killAfterMs, env = plainEnvironment(), cwd = '/' }: LaunchOptions = {}): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(join(root, 'rkt'), args, { cwd, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] })
    const texts = { stdout: '', stderr: '' }
    child.stdout.setEncoding('utf8').on('data', (text: string) => { texts.stdout += text })
    child.stderr.setEncoding('utf8').on('data', (text: string) => { texts.stderr += text })
    const timer = killAfterMs === undefined ? undefined : setTimeout(() => killGroup(child.pid), killAfterMs)
    child.on('error', reject).on('close', (status) => {
      clearTimeout(timer)
      resolve({ status, ...texts })
    })
  })
}

function killGroup(pid: number | undefined): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL')
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error
  }
}

function plainEnvironment(): NodeJS.ProcessEnv {
  const own = Object.entries(process.env).filter(([name]) => !/^(npm_|NX_|NODE_)/i.test(name))
  const path = (process.env['PATH'] ?? '').split(':').filter((entry) => !entry.includes('node_modules')).join(':')
  return { ...Object.fromEntries(own), PATH: path }
}
