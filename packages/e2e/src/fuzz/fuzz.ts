import { spawnSync } from 'node:child_process'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { repository } from '../set-up/checkout.ts'

/**
 * `node packages/e2e/src/fuzz/fuzz.ts [--minutes=N] [--seed=S]`: gives N minutes, 10 by default, to the properties that read hostile input,
 * an equal part to each, instead of the few runs that they have in CI. They are those of the test files whose runs ROCKET_FUZZ_RUNS sets.
 */
const { values } = parseArgs({
  options: { minutes: { type: 'string', default: '10' }, seed: { type: 'string', default: String(Date.now() % 2 ** 31) } },
})
const minutes = Number(values.minutes)
const seed = Number(values.seed)
if (!(minutes > 0) || !Number.isInteger(seed)) {
  console.error('usage: fuzz.ts [--minutes=N] [--seed=S]')
  process.exit(254)
}

const files = globSync('packages/*/src/**/*.test.ts', { cwd: repository }).toSorted()
  .map((file) => ({ file, text: readFileSync(join(repository, file), 'utf8') }))
  .filter(({ text }) => text.includes("env['ROCKET_FUZZ_RUNS']"))
const properties = files.reduce((sum, { text }) => sum + text.split('fc.assert(').length - 1, 0)
const limitMs = Math.floor((minutes * 60_000) / properties)
console.log(`${properties} properties of ${files.length} files, ${(limitMs / 1000).toFixed(1)} s each, seed ${seed}`)
const { status, signal } = spawnSync(
  process.execPath,
  ['--test', '--test-concurrency=1', `--import=${join(import.meta.dirname, 'bound-runs.ts')}`, ...files.map(({ file }) => file)],
  {
    cwd: repository, stdio: 'inherit', killSignal: 'SIGTERM',
    // Twice as long: what hangs in one run is not interrupted between two.
    timeout: minutes * 120_000 + 120_000,
    env: { ...process.env, ROCKET_FUZZ_RUNS: String(2 ** 31 - 1), ROCKET_FUZZ_SEED: String(seed), ROCKET_FUZZ_LIMIT_MS: String(limitMs) },
  },
)
if (status !== 0) {
  console.log(`${signal === null ? 'failed' : 'did not end in time'}; the same again: npm run fuzz -- --minutes=${minutes} --seed=${seed}`)
  process.exit(1)
}
