import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, test } from 'node:test'
import { findBoundaryProblems } from './boundaries.ts'
import { findRunPathProblems } from './run-path.ts'
import { planStageFiles } from './stage-files.ts'
import { readWorkspace } from './workspace.ts'

const repository = join(import.meta.dirname, '../../..')
const root = mkdtempSync(join(tmpdir(), 'rocket-stage-'))
after(() => rmSync(root, { recursive: true }))

test('a generated stage type-checks, keeps the boundaries and passes its test', () => {
  mkdirSync(join(root, 'packages'))
  for (const path of ['package.json', 'tsconfig.base.json', 'node_modules', 'packages/contracts', 'packages/host']) {
    symlinkSync(join(repository, path), join(root, path))
  }
  for (const [path, text] of planStageFiles('stage1-probe', 'create')) {
    const file = join(root, 'packages/stage1-probe', path)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, text)
  }
  const workspace = readWorkspace(root)
  const owner = workspace.packages.find(({ name }) => name === '@rocket/stage1-probe')
  assert.ok(owner)
  assert.deepEqual([...findBoundaryProblems(workspace, owner), ...findRunPathProblems(root, owner.root)], [])
  run('tsc', ['-b', 'packages/stage1-probe'])
  run('oxlint', ['--deny-warnings', '-c', join(repository, '.oxlintrc.json'), 'packages/stage1-probe'])
  run('node', ['--test', 'packages/stage1-probe/src/create.test.ts'])
})

function run(program: string, args: readonly string[]): void {
  const { NODE_TEST_CONTEXT: _, ...env } = process.env
  const { status, stdout, stderr } = spawnSync(join(repository, 'node_modules/.bin', program), args, { cwd: root, env, encoding: 'utf8' })
  assert.equal(status, 0, `${program} ${args.join(' ')}\n${stdout}${stderr}`)
}
