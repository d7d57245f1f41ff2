/**
 * The boundaries once more, as oxlint rules, so that an editor marks a forbidden import while it is typed.
 * Run as a program it writes them into .oxlintrc.json; a test keeps that file and the constraints together.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { findForbidden } from './constraints.ts'
import type { Workspace } from './workspace.ts'
import { readWorkspace } from './workspace.ts'

export interface Override {
  readonly files: readonly string[]
  readonly rules: Readonly<Record<string, unknown>>
}

export function planOverrides({ packages }: Workspace): Override[] {
  return packages.filter((owner) => owner.tags.some((tag) => tag !== 'layer:app' && tag !== 'layer:tool')).map((owner) => {
    const allowed = packages.filter((other) => other.tags[0] !== 'layer:tool' && findForbidden(owner, other) === undefined)
    const group = ['@rocket/*', '@rocket/*/**', '@rocket-tools/*', ...allowed.flatMap(({ name }) => [`!${name}`, `!${name}/**`])]
    const message = 'forbidden by the layers: tools/nx-plugin/src/constraints.ts'
    return { files: [`${owner.root}/src/**`], rules: { 'no-restricted-imports': ['error', { patterns: [{ group, message }] }] } }
  })
}

if (import.meta.main) {
  const root = join(import.meta.dirname, '../../..')
  const file = join(root, '.oxlintrc.json')
  const config = { ...JSON.parse(readFileSync(file, 'utf8')), overrides: planOverrides(readWorkspace(root)) }
  writeFileSync(file, JSON.stringify(config, null, 2) + '\n')
}
