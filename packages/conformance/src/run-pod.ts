import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runProgram, spawn } from '@rocket/host'
import type { DriveResult, DriveSpec, Step } from './driver/spec.ts'
import { makePodFixture, type PodFixture, type PodWish } from './fixture/pod-fixture.ts'
import type { FlavorUnderTest } from './flavor-under-test.ts'

export interface PodRun {
  fixture: PodFixture
  result: DriveResult
  /** What the apps wrote to their standard output and error. */
  output: string
}

export interface PodRunOptions {
  steps?: readonly Step[]
  timeoutMs?: number
  /** See DriveSpec. */
  network?: readonly string[]
  host?: (fixture: PodFixture) => { before: string; beside: string }
  terminal?: boolean
  /** Changes the pod before it is run. */
  before?: (fixture: PodFixture) => void
}

const main = join(import.meta.dirname, 'driver/main.ts')

/** Stages that run from source start in a sixth of the time when Node may keep what it compiled. */
const speed: Readonly<Record<string, string>> = { NODE_COMPILE_CACHE: join(tmpdir(), 'rocket-conformance-compile-cache') }

/** Runs a pod of a flavor from start to end, with `destroy` after it; the caller removes the fixture. */
export function runPod(flavor: FlavorUnderTest, wish: Omit<PodWish, 'flavor'>, options: PodRunOptions = {}): PodRun {
  const fixture = makePodFixture({ ...wish, flavor: flavor.declaration, start: { ...networkOf(flavor), ...flavor.start, ...wish.start } })
  options.before?.(fixture)
  const files = specFiles(fixture, flavor, options)
  const { stdout, stderr, exitCode } = runProgram(
    process.execPath, [main, files.spec, files.result], { timeoutMs: 120_000, env: { ...process.env, ...speed } }
  )
  const output = stdout.toString('utf8') + stderr.toString('utf8')
  if (exitCode !== 0 || !existsSync(files.result)) throw new Error(`the driver failed:\n${output}`)
  destroyPod(flavor, fixture)
  return { fixture, result: JSON.parse(readFileSync(files.result, 'utf8')) as DriveResult, output }
}

/** Starts a pod and returns the pid of its driver, to be killed; the caller waits for it. */
export function startPod(flavor: FlavorUnderTest, fixture: PodFixture, options: PodRunOptions = {}): number {
  const files = specFiles(fixture, flavor, options)
  return spawn(process.execPath, [process.execPath, main, files.spec, files.result], { ...process.env, ...speed })
}

/** `stage1 destroy` as gc calls it: outside the pod's mount namespace, from the UUID alone. */
export function destroyPod(flavor: FlavorUnderTest, fixture: PodFixture): void {
  const { exitCode, stderr } = runVerb(flavor, fixture, 'destroy')
  if (exitCode !== 0) throw new Error(`destroy failed: ${stderr}`)
}

export function runVerb(
  flavor: FlavorUnderTest, fixture: PodFixture, verb: string, ...words: string[]
): { exitCode: number; stdout: string; stderr: string } {
  const [program = '', ...leading] = flavor.stage1
  const { exitCode, stdout, stderr } = runProgram(program, [...leading, verb, ...words], {
    cwd: fixture.podDirectory,
    env: {
      PATH: process.env['PATH'], RKT_POD: fixture.podDirectory, RKT_UUID: fixture.uuid, RKT_STORE: fixture.storeDirectory, RKT_APP: 'one',
      ...speed,
    },
  })
  return { exitCode: exitCode ?? 255, stdout: stdout.toString('utf8'), stderr: stderr.toString('utf8') }
}

/** A flavor without a network of its own is given the host's, as stage0 does. */
function networkOf({ declaration }: FlavorUnderTest): { network?: { mode: 'host' } } {
  return declaration.features.includes('network-none') ? {} : { network: { mode: 'host' } }
}

function specFiles(fixture: PodFixture, flavor: FlavorUnderTest, options: PodRunOptions): { spec: string; result: string } {
  const { uuid, podDirectory, storeDirectory, directory } = fixture
  const spec: DriveSpec = {
    uuid, podDirectory, storeDirectory, stage1: flavor.stage1, steps: options.steps ?? [], timeoutMs: options.timeoutMs ?? 20_000,
    environment: speed,
    ...(flavor.stage2 === undefined ? {} : { stage2: flavor.stage2 }), ...(
      options.host === undefined ? {} : { host: options.host(fixture) }
    ),
    ...(options.network === undefined ? {} : { network: options.network }),
    ...(options.terminal === undefined ? {} : { terminal: options.terminal }),
  }
  writeFileSync(join(directory, 'spec.json'), JSON.stringify(spec))
  return { spec: join(directory, 'spec.json'), result: join(directory, 'result.json') }
}
