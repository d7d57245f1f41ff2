import type { TargetConfiguration } from '@nx/devkit'
import { globSync } from 'node:fs'
import { join } from 'node:path'

export interface Manifest {
  readonly name: string
  readonly rocket?: {
    /** The tests touch the machine (mounts, namespaces), so they run alone and are never taken from a cache. */
    readonly machine?: boolean
    /** How long one test may take; 3 when absent. A test that hangs should not cost the rest of the run. */
    readonly testMinutes?: number
  }
}

type Targets = Record<string, TargetConfiguration>

/** The targets of the package at `root`, which is relative to the workspace. */
export function inferTargets(workspaceRoot: string, root: string, manifest: Manifest): Targets {
  const targets: Targets = {
    typecheck: {
      ...command(`tsc -b ${root}`),
      cache: true,
      dependsOn: ['^typecheck'],
      inputs: ['default', '^default'],
      outputs: ['{projectRoot}/.tsbuild', '{projectRoot}/tsconfig.tsbuildinfo'],
    },
    lint: {
      ...command(`node tools/nx-plugin/src/lint.ts ${root}`),
      cache: true,
      inputs: ['default', '{workspaceRoot}/.oxlintrc.json', '{workspaceRoot}/tools/nx-plugin/src/**/*', '{workspaceRoot}/packages/*/package.json'],
    },
    test: testTarget(workspaceRoot, root, manifest),
  }
  const program = buildPrograms[root]
  // Both know themselves what is still current, and put their results in place in one step: Nx keeps no copy.
  if (program) targets['build'] = { ...command(`node ${program}`), cache: false }
  return targets
}

const buildPrograms: Record<string, string> = {
  'packages/host': 'tools/build/src/native.ts',
  'packages/cli': 'tools/build/src/build.ts',
}

function testTarget(workspaceRoot: string, root: string, manifest: Manifest): TargetConfiguration {
  if (globSync('src/**/*.test.ts', { cwd: join(workspaceRoot, root) }).length === 0) {
    return { ...command(`echo ${manifest.name} has no tests of its own`), cache: false }
  }
  const machine = manifest.rocket?.machine === true
  const flags = machine ? ' --test-concurrency=1' : ''
  const timeoutMs = (manifest.rocket?.testMinutes ?? 3) * 60_000
  const run = command(`node --test --test-timeout=${timeoutMs}${flags} '${root}/src/**/*.test.ts'`)
  return {
    ...run,
    // Nx asks its tasks for colours, and so the programs that a test runs and whose output it compares.
    options: { ...run.options, env: { NO_COLOR: '1', FORCE_COLOR: '0' } },
    // The tools' tests look at the whole repository, so no list of inputs would be complete.
    cache: !machine && !root.startsWith('tools/'),
    parallelism: !machine,
    inputs: ['default', '^default'],
  }
}

function command(line: string): TargetConfiguration {
  return { executor: 'nx:run-commands', options: { command: line, cwd: '{workspaceRoot}' } }
}
