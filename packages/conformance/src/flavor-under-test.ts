import { readFileSync } from 'node:fs'
import { dirname, isAbsolute, join, resolve } from 'node:path'
import { parseDocument, type FlavorDeclaration, type Start } from '@rocket/contracts'

/** What the suite is run against: a flavor's declaration, and its stage1 as a program. */
export interface FlavorUnderTest {
  declaration: FlavorDeclaration
  /** The program with leading arguments; a verb is appended. */
  stage1: readonly string[]
  /** A stage2 to run the vectors with, instead of the suite's own loop. */
  stage2?: readonly string[]
  /** Said at every start, such as which runtime to use. */
  start?: Partial<Start>
  /** How the tests are called, where the flavor's name does not say enough. */
  title?: string
}

/** From the directory, or the `flavor.json`, that describes a flavor whose stage1 is a program. */
export function readFlavor(path: string): FlavorUnderTest {
  const file = path.endsWith('.json') ? resolve(path) : resolve(path, 'flavor.json')
  const declaration = parseDocument('FlavorDeclaration', readFileSync(file, 'utf8'), file)
  if (declaration.program === undefined) throw new Error(`${file} names no program`)
  const program = isAbsolute(declaration.program) ? declaration.program : join(dirname(file), declaration.program)
  return { declaration: { ...declaration, program }, stage1: [program] }
}
