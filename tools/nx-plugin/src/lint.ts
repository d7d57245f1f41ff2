import { spawnSync } from 'node:child_process'

/** lint.ts DIR: oxlint over one package. */
const [target = '.'] = process.argv.slice(2)
const result = spawnSync('oxlint', ['--deny-warnings', target], { stdio: 'inherit' })
process.exitCode = result.status ?? 1
