/** lint.ts DIR: oxlint and the import boundaries of one package. */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { findBoundaryProblems } from './boundaries.ts'
import { findRunPathProblems } from './run-path.ts'
import { readWorkspace } from './workspace.ts'

const root = join(import.meta.dirname, '../../..')
const [target = ''] = process.argv.slice(2)
const workspace = readWorkspace(root)
const owner = workspace.packages.find((candidate) => candidate.root === target)
if (!owner) throw new Error(`${target} is no package of this workspace`)

const problems = [...findBoundaryProblems(workspace, owner), ...findRunPathProblems(root, owner.root)]
for (const problem of problems) console.error(problem)
// Nx asks its tasks for colours even where nobody sees them.
const env = process.env['NO_COLOR'] ? { ...process.env, FORCE_COLOR: '0' } : process.env
const { status } = spawnSync('oxlint', ['--deny-warnings', target], { cwd: root, env, stdio: 'inherit' })
process.exitCode = problems.length > 0 ? 1 : (status ?? 1)
