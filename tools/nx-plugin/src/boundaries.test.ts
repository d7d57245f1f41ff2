import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, test } from 'node:test'
import { findBoundaryProblems } from './boundaries.ts'
import { findForbidden } from './constraints.ts'
import { planOverrides } from './oxlint-overrides.ts'
import { findRunPathProblems } from './run-path.ts'
import { readWorkspace } from './workspace.ts'

const repository = join(import.meta.dirname, '../../..')
const scratch = mkdtempSync(join(tmpdir(), 'rocket-boundaries-'))
after(() => rmSync(scratch, { recursive: true }))

let made = 0

/** A small workspace with our layers, and one more file in it. */
function makeWorkspace(file: string, source: string): string {
  const root = join(scratch, String(made++))
  const add = (path: string, text: string): void => {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), text)
  }
  const manifest = (name: string, layer: string, dependencies: readonly string[], exports: readonly string[] = ['.']): string =>
    JSON.stringify({
      name, nx: { tags: [layer] },
      dependencies: Object.fromEntries(dependencies.map((one) => [one, '*'])),
      exports: Object.fromEntries(exports.map((one) => [one, './x.ts'])),
    })
  add('package.json', JSON.stringify({ devDependencies: { 'fast-check': '*' } }))
  add('packages/contracts/package.json', manifest('@rocket/contracts', 'layer:contract', ['zod'], ['.', './schemas']))
  add('packages/host/package.json', manifest('@rocket/host', 'layer:library', ['@rocket/contracts']))
  add('packages/store/package.json', manifest('@rocket/store', 'layer:library', ['@rocket/contracts', '@rocket/host']))
  add('packages/stage0/package.json', manifest('@rocket/stage0', 'layer:stage', ['@rocket/contracts', '@rocket/host']))
  add('packages/stage2/package.json', manifest('@rocket/stage2', 'layer:stage', ['@rocket/contracts', '@rocket/host']))
  add('packages/guest/package.json', JSON.stringify({
    name: '@rocket/guest', nx: { tags: ['layer:app'] }, rocket: { engineModules: ['os'] }, devDependencies: { judge: '*' },
  }))
  add('packages/cli/package.json', manifest('@rocket/cli', 'layer:app', ['@rocket/stage0', '@rocket/contracts']))
  add(file, source)
  return root
}

function findProblems(root: string, file: string): string[] {
  const workspace = readWorkspace(root)
  const owner = workspace.packages.find((candidate) => file.startsWith(`${candidate.root}/`))
  assert.ok(owner)
  return [...findBoundaryProblems(workspace, owner), ...findRunPathProblems(root, owner.root)]
}

for (const [file, source, problem] of [
  ['packages/stage0/src/a.ts', "import { run } from '@rocket/stage2'", /layer:stage may import layer:contract, @rocket\/host; not @rocket\/stage2/],
  ['packages/stage0/src/a.ts', "import type { Run } from '@rocket/stage2'", /layer:stage may import/],
  ['packages/stage0/src/a.ts', "const { run } = await import('@rocket/stage2')", /layer:stage may import/],
  ['packages/stage0/src/a.ts', "export {\n  run,\n  stop,\n} from '@rocket/stage2'", /layer:stage may import/],
  ['packages/stage0/src/a.ts', "import { put } from '@rocket/store'", /layer:stage may import/],
  ['packages/host/src/a.ts', "import { main } from '@rocket/cli'", /layer:library may import/],
  ['packages/contracts/src/a.ts', "import { mount } from '@rocket/host'", /layer:contract may import no other package/],
  ['packages/stage0/src/a.ts', "import { execa } from 'execa'", /execa is not declared in packages\/stage0\/package.json/],
  ['packages/stage0/src/a.ts', "import fc from 'fast-check'", /fast-check is not declared/],
  ['packages/stage0/src/a.ts', "import { x } from '@rocket/contracts/src/x.ts'", /reaches past what @rocket\/contracts exports/],
  ['packages/stage0/src/a.ts', "import { x } from '../../host/src/x.ts'", /reaches into another package/],
  ['packages/stage0/src/a.ts', "import { readFileSync } from 'fs'", /write 'node:fs'/],
  ['packages/stage2/src/a.ts', "import { readFile } from 'node:fs/promises'", /node:fs\/promises has no place on the run path/],
  ['packages/stage2/src/a.ts', "import { spawn } from 'node:child_process'", /has no place on the run path/],
  ['packages/stage2/src/a.ts', "import { readFileSync, watch as w } from 'node:fs'", /watch of node:fs is not synchronous/],
  ['packages/stage2/src/policy/a.ts', "import { join } from 'node:path'", /must run without Node/],
  ['packages/contracts/src/index.ts', "import * as z from 'zod'", /loads zod/],
  ['packages/guest/src/a.ts', "import * as std from 'std'", /std is not declared/],
  ['packages/guest/src/a.ts', "import { hold } from 'judge'", /judge is not declared/],
] as const) {
  test(`refuses ${source.replaceAll('\n', ' ')} in ${file}`, () => {
    const problems = findProblems(makeWorkspace(file, source), file)
    assert.equal(problems.length, 1, problems.join('\n'))
    assert.match(problems[0] ?? '', problem)
  })
}

for (const [file, source] of [
  ['packages/stage0/src/a.ts', "import { RocketError } from '@rocket/contracts'\nimport { mount } from '@rocket/host'"],
  ['packages/stage0/src/a.ts', "import { pod } from '@rocket/contracts/schemas'"],
  ['packages/stage0/src/a.test.ts', "import fc from 'fast-check'"],
  ['packages/stage0/src/a.ts', "// import { run } from '@rocket/stage2'\n/* import '@rocket/stage2' */"],
  ['packages/stage0/src/deep/a.ts', "import { x } from '../x.ts'"],
  ['packages/stage2/src/a.ts', "import { constants, readFileSync } from 'node:fs'\nimport type { Stats } from 'node:fs'"],
  ['packages/stage2/src/a.test.ts', "import { spawn } from 'node:child_process'"],
  ['packages/contracts/src/index.ts', "import type { z } from 'zod'"],
  ['packages/cli/src/a.ts', "import { prepare } from '@rocket/stage0'"],
  ['packages/guest/src/a.ts', "import * as os from 'os'"],
  ['packages/guest/src/a.test.ts', "import { hold } from 'judge'"],
] as const) {
  test(`accepts ${source.replaceAll('\n', ' ')} in ${file}`, () => {
    assert.deepEqual(findProblems(makeWorkspace(file, source), file), [])
  })
}

test('refuses a declared dependency that the layers forbid, even when nothing imports it', () => {
  const root = makeWorkspace('packages/stage9/package.json', JSON.stringify({
    name: '@rocket/stage9', nx: { tags: ['layer:stage'] }, dependencies: { '@rocket/stage0': '*' },
  }))
  assert.match(findProblems(root, 'packages/stage9/package.json')[0] ?? '', /packages\/stage9\/package.json: layer:stage may import/)
})

test('oxlint catches a forbidden import with the configuration of the repository', () => {
  const root = makeWorkspace('packages/stage0/src/a.ts', "import { run } from '@rocket/stage2'\nrun()\n")
  symlinkSync(join(repository, '.oxlintrc.json'), join(root, '.oxlintrc.json'))
  const lint = (): { status: number | null, stdout: string } =>
    spawnSync(join(repository, 'node_modules/.bin/oxlint'), ['--deny-warnings', 'packages/stage0'], { cwd: root, encoding: 'utf8' })
  const refused = lint()
  assert.equal(refused.status, 1)
  assert.match(refused.stdout, /no-restricted-imports.*forbidden by the layers/s)
  writeFileSync(join(root, 'packages/stage0/src/a.ts'), "import { run } from '@rocket/contracts'\nrun()\n")
  assert.equal(lint().status, 0)
})

test('the rules in .oxlintrc.json are those of the constraints', () => {
  const config = JSON.parse(readFileSync(join(repository, '.oxlintrc.json'), 'utf8'))
  assert.deepEqual(config.overrides, planOverrides(readWorkspace(repository)), 'run node tools/nx-plugin/src/oxlint-overrides.ts')
})

test('no edge of the Nx graph is one that the tags forbid', () => {
  const file = join(scratch, 'graph.json')
  const env = { ...process.env, NX_DAEMON: 'false', NX_ISOLATE_PLUGINS: 'false', NX_CACHE_PROJECT_GRAPH: 'false' }
  const nx = spawnSync(join(repository, 'node_modules/.bin/nx'), ['graph', `--file=${file}`], { cwd: repository, env, encoding: 'utf8' })
  assert.equal(nx.status, 0, nx.stderr)
  const { graph } = JSON.parse(readFileSync(file, 'utf8'))
  const member = (name: string): { name: string, tags: string[] } => ({ name, tags: graph.nodes[name].data.tags })
  const edges = Object.values<{ source: string, target: string }[]>(graph.dependencies).flat().filter((edge) => edge.target in graph.nodes)
  assert.ok(edges.length > 10, 'the graph has edges')
  assert.deepEqual(edges.flatMap(({ source, target }) => findForbidden(member(source), member(target)) ?? []), [])
})
