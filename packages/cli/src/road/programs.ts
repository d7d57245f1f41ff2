import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { RocketError, type FlavorDeclaration, type StageName } from '@rocket/contracts'
import { digestFile, findProgram, readIfThere, type Stage } from '@rocket/host'
import { unforeseeable } from './begin-again.ts'

/** How a stage is run: our own code in this process, or a program. */
export type StageProgram = { kind: 'builtin'; name: string; load: () => Promise<Stage> } | { kind: 'program'; path: string }

const builtinStages: Readonly<Record<string, () => Promise<Stage>>> = {
  fetch: async () => unforeseeable((await import('@rocket/fetch')).stage),
  stage0: async () => (await import('@rocket/stage0')).stage,
  network: async () => (await import('@rocket/network')).stage,
  'stage1-oci': async () => (await import('@rocket/stage1-oci')).stage,
  'stage1-fly': async () => (await import('@rocket/stage1-fly')).stage,
  stage2: async () => (await import('@rocket/stage2')).stage,
}

export type Replacements = Readonly<Partial<Record<Exclude<StageName, 'stage1'>, string>>>

export function builtin(name: string): StageProgram {
  const load = builtinStages[name]
  if (load === undefined) throw new RocketError('STAGE_NOT_FOUND', { what: `there is no built-in stage ${name}` })
  return { kind: 'builtin', name, load }
}

/** The program of a stage: the one that the user put in its place, or our own. */
export function programOf(stage: StageName, replacements: Replacements, flavor: FlavorDeclaration | undefined): StageProgram {
  if (stage !== 'stage1') {
    const path = replacements[stage]
    return path === undefined ? builtin(stage) : foreign(path)
  }
  if (flavor === undefined) throw new Error('stage1 needs a flavor')
  return flavor.program === undefined ? builtin(`stage1-${flavor.name}`) : foreign(flavor.program)
}

/** What runs the stages of a pod from its start on. */
export interface StartPrograms {
  stage0: StageProgram
  network: StageProgram
  stage1: StageProgram
  stage2: StageProgram
}

/** Throws STAGE_NOT_FOUND before anything is made that only they can undo. */
export function startPrograms(replacements: Replacements, flavor: FlavorDeclaration): StartPrograms {
  const of = (stage: StageName): StageProgram => programOf(stage, replacements, flavor)
  return { stage0: of('stage0'), network: of('network'), stage1: of('stage1'), stage2: of('stage2') }
}

/** Throws STAGE_NOT_FOUND before there is a pod: also for a stage whose turn would come late. */
export function requirePrograms(replacements: Replacements): void {
  for (const path of Object.values(replacements)) foreign(path)
}

/** The program that a line of the log names. */
export function recordedProgram(stage: string, program: string): StageProgram {
  return program === 'builtin' ? builtin(stage) : foreign(program)
}

function foreign(path: string): StageProgram {
  if (path.includes('/') && findProgram(path) !== undefined) return { kind: 'program', path }
  throw new RocketError('STAGE_NOT_FOUND', {
    what: `the stage program ${path} cannot be run`,
    why: existsSync(path) ? 'it is no file that may be executed' : 'there is no such file',
    hint: existsSync(path) ? `chmod +x ${path}` : 'give its absolute path',
  })
}

let ownDigest: string | undefined

/** `sha256:…` of the program; of a built-in stage, of the bundle it is part of. */
export function programDigest(program: StageProgram): string {
  return program.kind === 'program' ? `sha256:${digestFile('sha256', program.path)}` : (ownDigest ??= digestOfOurselves())
}

/** The build leaves the digest beside the bundle; from source, the first file stands for all. */
function digestOfOurselves(): string {
  const self = process.argv[1] ?? process.execPath
  const beside = join(self, '../main.sha256')
  return `sha256:${readIfThere(beside)?.toString('latin1').trim() ?? digestFile('sha256', self)}`
}
