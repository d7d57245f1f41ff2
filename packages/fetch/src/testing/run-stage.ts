import { spawn } from 'node:child_process'
import { join } from 'node:path'

export interface StageRun {
  code: number | null
  signal: NodeJS.Signals | null
  stdout: string
  stderr: string
}

/** The stage as a program, in its own process; `before` are words in front of it, such as `setpriv …`. */
export async function runStage(
  podDirectory: string, storeDirectory: string, options: { killAfterMs?: number; before?: readonly string[] } = {},
): Promise<StageRun> {
  const [file = '', ...args] = [...options.before ?? [], process.execPath, join(import.meta.dirname, '../bin.ts'), 'fetch']
  const child = spawn(
    file, args,
    { cwd: storeDirectory, env: { ...process.env, RKT_POD: podDirectory, RKT_STORE: storeDirectory }, stdio: ['ignore', 'pipe', 'pipe'] },
  )
  const run: StageRun = { code: null, signal: null, stdout: '', stderr: '' }
  child.stdout.on('data', (chunk: Buffer) => { run.stdout += chunk.toString() })
  child.stderr.on('data', (chunk: Buffer) => { run.stderr += chunk.toString() })
  const timer = options.killAfterMs === undefined ? undefined : setTimeout(() => child.kill('SIGKILL'), options.killAfterMs)
  await new Promise((resolve) => child.once('close', (code, signal) => {
    Object.assign(run, { code, signal })
    resolve(undefined)
  }))
  clearTimeout(timer)
  return run
}
