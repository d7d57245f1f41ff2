import { spawnSync } from 'node:child_process'
import { join } from 'node:path'

export interface Ran {
  code: number | null
  out: string
  err: string
}

/** The command line from source, as a program of its own. */
export function runRkt(...args: string[]): Ran {
  const env = { ...process.env, TZ: 'UTC' }
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(import.meta.dirname, '../main.ts'), ...args], {
    encoding: 'utf8',
    env,
  })
  return { code: status, out: stdout, err: stderr }
}
