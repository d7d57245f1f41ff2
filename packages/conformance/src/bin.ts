import { writeErr } from '@rocket/host'
import { testFlavor } from './flavor-suite.ts'
import { readFlavor } from './flavor-under-test.ts'

/** `bin.ts DIRECTORY`: the suite on the flavor whose `flavor.json` lies there; exit code 1 when a clause is broken. */
const [path] = process.argv.slice(2)
if (path === undefined) {
  writeErr('usage: conformance DIRECTORY-OF-FLAVOR-JSON\n')
  process.exitCode = 254
} else testFlavor(readFlavor(path))
