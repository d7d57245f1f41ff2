import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { parseDocument } from '@rocket/contracts'
import { detectCgroups } from '@rocket/host'
import { testFlavor } from './flavor-suite.ts'
import { readFlavor, type FlavorUnderTest } from './flavor-under-test.ts'

const packages = join(import.meta.dirname, '../..')
const reference = join(import.meta.dirname, '../reference')

/** A flavor of ours, run as a program from its source. */
function builtIn(name: string): FlavorUnderTest {
  const file = join(packages, `stage1-${name}/flavor.json`)
  return {
    declaration: parseDocument('FlavorDeclaration', readFileSync(file, 'utf8'), file),
    stage1: [process.execPath, join(packages, `stage1-${name}/src/bin.ts`)],
  }
}

const shellStage2 = [join(reference, 'stage2.sh')]
const flavors: readonly FlavorUnderTest[] = [
  builtIn('oci'), builtIn('fly'), readFlavor(join(reference, 'flavor-pod-sh')),
  { ...builtIn('fly'), stage2: shellStage2, title: 'fly with the stage2 in plain shell' },
  { ...builtIn('oci'), stage2: shellStage2, title: 'oci with the stage2 in plain shell' },
]
const onRunc = { ...builtIn('oci'), start: { ociRuntime: 'runc' }, title: 'oci on runc' }

/** All, or those of one name: `ROCKET_FLAVOR=fly`. The second runtime doubles the time, so it is asked for, as CI does. */
const only = process.env['ROCKET_FLAVOR']
for (const flavor of flavors) if (only === undefined || only === flavor.declaration.name) testFlavor(flavor)
if (only === 'runc' || process.env['CI'] !== undefined) testFlavor(onRunc)

/** The limits of the suites were held by the hierarchies of this machine; whoever reads the log is told which were not tried. */
const { version } = detectCgroups()
for (const other of ['v1', 'v2', 'hybrid']) if (other !== version) test(`limits under cgroup ${other}`, { skip: `cgroup ${other}: not run` })
