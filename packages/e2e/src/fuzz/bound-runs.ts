import fc from 'fast-check'

/** Loaded before each test file by fuzz.ts: every property of it begins with the same seed, and time alone ends it. */
fc.configureGlobal({
  seed: Number(process.env['ROCKET_FUZZ_SEED']),
  numRuns: Number(process.env['ROCKET_FUZZ_RUNS']),
  interruptAfterTimeLimit: Number(process.env['ROCKET_FUZZ_LIMIT_MS']),
})
