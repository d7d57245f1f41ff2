import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Home } from '../program/home.ts'
import { program } from '../program/rkt.ts'

const root = dirname(program)
const node = join(root, 'node_modules', `node-linux-${process.arch}`, 'bin/node')

export type StageProgramName = 'fetch' | 'stage0' | 'network' | 'stage1-oci' | 'stage1-fly' | 'stage2'
export const allStages: readonly StageProgramName[] = ['fetch', 'stage0', 'network', 'stage1-oci', 'stage1-fly', 'stage2']

/** Where a stage's program comes from: what the build made, or its source run by Node. */
export type Origin = 'built' | 'from source'

export function stageProgram(home: Home, stage: StageProgramName, origin: Origin): string {
  if (origin === 'built') return join(root, 'dist/stages', stage)
  return writeProgram(home, `${stage}-from-source`, `exec ${node} ${join(root, 'packages', stage, 'src/bin.ts')} "$@"`)
}

export interface Replacing {
  global: string[]
  run: string[]
}

/** Words that put programs in the place of these stages: a configuration directory, and for stage1 the directory of a flavor. */
export function replacing(home: Home, stages: Partial<Record<StageProgramName, string>>, flavor: 'oci' | 'fly'): Replacing {
  const configured = Object.entries(stages).filter(([stage]) => !stage.startsWith('stage1-'))
  const stage1 = stages[`stage1-${flavor}`]
  return {
    global: [`--local-config=${configure(home, Object.fromEntries(configured))}`],
    run: [stage1 === undefined ? `--flavor=${flavor}` : `--flavor=${makeFlavor(home, flavor, stage1)}`],
  }
}

let serial = 0

/** A configuration directory whose `stages.d` says this. */
export function configure(home: Home, says: object): string {
  const directory = home.file(`config-${serial++}`)
  mkdirSync(join(directory, 'stages.d'), { recursive: true })
  writeFileSync(join(directory, 'stages.d/stages.json'), JSON.stringify({ rktKind: 'stages', rktVersion: 'v1', ...says }))
  return directory
}

/** The declaration of a built-in flavor, with a program that does its work. */
function makeFlavor(home: Home, flavor: 'oci' | 'fly', stage1: string): string {
  const directory = home.file(`flavor-${serial++}`)
  const declaration = JSON.parse(readFileSync(join(root, `packages/stage1-${flavor}/flavor.json`), 'utf8')) as object
  mkdirSync(directory)
  writeFileSync(join(directory, 'flavor.json'), JSON.stringify({ ...declaration, program: stage1 }))
  return directory
}

/** A stage in plain shell. */
export function writeProgram(home: Home, name: string, body: string): string {
  const path = home.file(name)
  writeFileSync(path, `#!/bin/sh\n${body}\n`)
  chmodSync(path, 0o755)
  return path
}

export const withoutBuild: false | string = existsSync(join(root, 'dist/stages/stage2')) ? false : 'dist/stages is not built'
