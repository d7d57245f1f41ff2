import { before, suite } from 'node:test'
import { native } from '@rocket/host'
import { testConfinement } from './clauses/confinement.ts'
import { testDeath } from './clauses/death.ts'
import { testEnds } from './clauses/ends.ts'
import { testFiles } from './clauses/files.ts'
import { testIdentity } from './clauses/identity.ts'
import { testNamespaces } from './clauses/namespaces.ts'
import { testRefusals } from './clauses/refusals.ts'
import type { FlavorUnderTest } from './flavor-under-test.ts'

/**
 * Tells, clause by clause, whether a flavor keeps the contract of stage1: registers tests with node:test. They run real pods of a busybox
 * image, as root. What a flavor does not declare is skipped, with that reason; everything else must hold.
 */
export function testFlavor(flavor: FlavorUnderTest): void {
  suite(flavor.title ?? `flavor ${flavor.declaration.name}`, { skip: process.getuid?.() === 0 ? false : 'pods need root' }, () => {
    before(() => native())
    testEnds(flavor)
    testIdentity(flavor)
    testDeath(flavor)
    // The rest is stage1's alone, whoever runs its vectors.
    if (flavor.stage2 !== undefined) return
    testFiles(flavor)
    testNamespaces(flavor)
    testConfinement(flavor)
    testRefusals(flavor)
  })
}
