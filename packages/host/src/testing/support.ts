import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'
import { isErrno } from '@rocket/contracts'
import { unmount } from '../mount.ts'
import { mountsBelow } from '../mount-table.ts'
import { native } from '../native.ts'

/** A directory that is gone after the tests of the file, with what they mounted below it. */
export function temporaryDirectory(): string {
  const path = mkdtempSync(join(tmpdir(), 'rocket-host-'))
  after(() => {
    for (const point of mountsBelow(path).toReversed()) unmount(point, { detach: true })
    rmSync(path, { recursive: true, force: true })
  })
  return path
}

/** For tests that the kernel allows to root only. */
export const asRoot: { skip: string | false } = { skip: process.geteuid?.() === 0 ? false : 'needs root' }

/** For `assert.throws`: an error of Node or of the addon with this errno name. */
export function errno(...names: string[]): (error: unknown) => boolean {
  return (error) => isErrno(error, ...names)
}

/** For `assert.throws`: an error with this code. */
export function code(wanted: string): (error: unknown) => boolean {
  return (error) => error instanceof Error && 'code' in error && error.code === wanted
}

/** Runs a script in a Node of its own, without its descriptors and namespaces being ours. Its pid. */
export function startScript(source: string, fds: readonly number[] = [0, 1, 2]): number {
  const args = ['node', '--input-type=module', '--eval', source]
  const env = Object.entries(process.env).map(([key, value]) => `${key}=${value}`).filter((line) => !line.startsWith('NODE_'))
  return native().spawn(process.execPath, args, env, { fds, parentDeathSignal: 9 })
}

/** True once the condition holds; false when it does not within the time. */
export function eventually(condition: () => boolean, timeoutMs = 5000): boolean {
  for (const deadline = performance.now() + timeoutMs; performance.now() < deadline; native().poll([], [], 5)) {
    if (condition()) return true
  }
  return condition()
}

/** What a source text of `startScript` imports by. */
export function moduleUrl(name: string): string {
  return new URL(`../${name}`, import.meta.url).href
}
