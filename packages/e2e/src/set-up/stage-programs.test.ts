import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { repository } from './checkout.ts'

const pod = mkdtempSync(join(tmpdir(), 'rocket-stage-programs-'))
after(() => rmSync(pod, { recursive: true }))

const stages = globSync('packages/*/src/bin.ts', { cwd: repository }).map((path) => path.split('/')[1] ?? '').filter((name) =>
  readFileSync(join(repository, 'packages', name, 'package.json'), 'utf8').includes('"layer:stage"'))
const systemNode = (process.env['PATH'] ?? '').split(':').filter((path) => !path.includes('node_modules')).map((path) => join(path, 'node')).find(existsSync)

for (const stage of stages) {
  const source = join(repository, 'packages', stage, 'src/bin.ts')
  const pinned = run(process.execPath, [source])

  test(`${stage} as a program without a verb prints its usage`, () => {
    assert.match(pinned.stderr, new RegExp(`^usage: ${stage} [a-z|-]+ `))
    assert.deepEqual({ status: pinned.status, stdout: pinned.stdout }, { status: 254, stdout: '' })
  })

  test(`${stage} as it was built is the same program`, { skip: existsSync(join(repository, 'dist/stages', stage)) ? false : 'not built' }, () => {
    assert.deepEqual(run(join(repository, 'dist/stages', stage), []), pinned)
  })

  test(`${stage} runs from source with the system's Node and tsx`, { skip: systemNode ? false : 'the system has no Node' }, () => {
    assert.deepEqual(run(systemNode ?? '', [join(repository, 'node_modules/tsx/dist/cli.mjs'), source]), pinned)
  })
}

function run(program: string, args: readonly string[]): { status: number | null, stdout: string, stderr: string } {
  const { status, stdout, stderr } = spawnSync(program, args, { cwd: pod, encoding: 'utf8' })
  return { status, stdout, stderr }
}
