/** The files of a new stage package, by path below it. The version is the repository's own. */
export function planStageFiles(name: string, verb: string, version = '0.1.0'): [string, string][] {
  return [
    ['package.json', toJson(planManifest(name, version))],
    ['tsconfig.json', toJson(tsconfig)],
    ['README.md', planReadme(name, verb)],
    ['src/index.ts', "export { stage } from './stage.ts'\n"],
    ['src/stage.ts', planStage(name, verb)],
    ['src/bin.ts', "import { runStageProgram } from '@rocket/host'\nimport { stage } from './stage.ts'\n\nawait runStageProgram(stage)\n"],
    [`src/${verb}.ts`, planVerb(verb)],
    [`src/${verb}.test.ts`, planTest(name, verb)],
  ]
}

function planManifest(name: string, version: string): object {
  return {
    name: `@rocket/${name}`,
    version,
    private: true,
    description: `the stage ${name}`,
    license: 'Apache-2.0',
    type: 'module',
    sideEffects: false,
    exports: { '.': './src/index.ts' },
    rocket: { machine: true },
    nx: { tags: ['layer:stage'] },
    dependencies: { '@rocket/contracts': version, '@rocket/host': version },
  }
}

const tsconfig = {
  extends: '../../tsconfig.base.json',
  compilerOptions: { rootDir: 'src', outDir: '.tsbuild' },
  include: ['src/**/*.ts'],
  references: [{ path: '../../packages/contracts' }, { path: '../../packages/host' }],
}

function planReadme(name: string, verb: string): string {
  return `# ${name}

What this stage is for, in two sentences.

- **Reads:** \`start.json\`
- **Writes:** nothing yet

In a pod's directory, \`node packages/${name}/src/bin.ts ${verb} --dry-run\` prints the plan; without \`--dry-run\` it is carried out.
`
}

function planStage(name: string, verb: string): string {
  return `import type { Stage } from '@rocket/host'
import { ${verb} } from './${verb}.ts'

export const stage: Stage = { name: '${name}', verbs: { ${verb} } }
`
}

function planVerb(verb: string): string {
  const type = `${verb.charAt(0).toUpperCase()}${verb.slice(1)}Plan`
  return `import { defineVerb, type Verb } from '@rocket/host'

export interface ${type} {
  readonly uuid: string
}

/** Decides from documents alone, then does what was decided; both can be repeated. */
export const ${verb}: Verb<${type}> = defineVerb({
  plan: ({ uuid }) => ({ uuid }),
  apply: ({ uuid }, { debug }) => debug(\`${verb} of \${uuid}\`),
})
`
}

function planTest(name: string, verb: string): string {
  return `import assert from 'node:assert/strict'
import { test } from 'node:test'
import { stage } from './stage.ts'

test('${name} has the verb ${verb}', () => {
  assert.deepEqual(Object.keys(stage.verbs), ['${verb}'])
})
`
}

function toJson(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`
}
