import { closeSync, mkdirSync } from 'node:fs'
import { outsideNames, type FlavorDeclaration, type Namespace, type Sandbox } from '@rocket/contracts'
import {
  bootId, enterPrivateMountNamespace, HandoffFiles, linux, lockDirectory, native, runProgram, runProgramOrFail, setPropagation, spawn,
  startHolder, startTime, type NamespaceKind,
} from '@rocket/host'
import { endHolder, gone, waitFor } from './reap.ts'
import type { DriveResult, DriveSpec } from './spec.ts'
import { superviseApps, superviseByProgram, superviseWhole } from './supervise.ts'
import { environment } from './vectors.ts'

const kinds: Readonly<Record<Namespace, NamespaceKind>> = { pid: 'pid', network: 'net', ipc: 'ipc', uts: 'uts' }

/**
 * The road from a prepared pod to its end, as the contract tells it and as short as it can be told: sandbox, stage1 `create`, `create-app`
 * for each app, the vectors, their cleanup. Runs in a process of its own, because it enters a mount namespace. Shares no code with
 * the command line or stage2, so that a mistake there cannot hide one in a flavor.
 */
export function drive(spec: DriveSpec): DriveResult {
  const files = new HandoffFiles(spec.podDirectory)
  const result: DriveResult = { apps: {}, entered: [], milliseconds: {}, holder: 0 }
  const flavor = files.read('Pod').flavor
  native().setSubreaper(true)
  const beside = spec.host === undefined ? undefined : enterHost(spec.host)
  const lock = lockDirectory(spec.podDirectory, { kind: 'exclusive' })
  result.holder = makeSandbox(spec, files, flavor, lock)
  try {
    const apps = files.apps()
    const failed = runNetwork(spec, 'up', result) || runVerb(spec, 'create', result) || apps.some(
      (app) => runVerb(spec, 'create-app', result, app)
    )
    if (failed) return result
    const run = files.read('Run')
    if (run.supervision === 'pod') superviseWhole(spec, run, lock, result)
    else if (spec.stage2 !== undefined) superviseByProgram(
      spec, [...spec.stage2, 'run'], apps, Object.fromEntries(apps.map((app) => [app, files.read('AppRun', app)])), lock, result
    )
    else superviseApps(spec, files, apps, run, result)
  } finally {
    endHolder(result.holder)
    runNetwork(spec, 'down', result)
    if (beside !== undefined && !gone.has(beside)) waitFor(new Map([[beside, '']]), { ...result, apps: {} }, 10_000)
    closeSync(lock)
  }
  return result
}

/** Returns the pid of what runs beside the pod. */
function enterHost(host: { before: string; beside: string }): number {
  native().unshare(linux.CLONE_NEWNS)
  setPropagation('/', 'shared', true)
  runProgramOrFail('/bin/sh', ['-ec', host.before])
  return spawn('/bin/sh', ['sh', '-ec', host.beside], process.env)
}

function makeSandbox(spec: DriveSpec, files: HandoffFiles, flavor: FlavorDeclaration, lock: number): number {
  const start = files.read('Start')
  mkdirSync(outsideNames.runDirectory(spec.uuid), { recursive: true, mode: 0o700 })
  enterPrivateMountNamespace()
  const wanted = flavor.namespaces.filter(
    (name) => !(name === 'network' && start.network.mode === 'host') && !(name === 'ipc' && start.ipc === 'parent')
  )
  const holder = startHolder({
    namespaces: wanted.map((name) => kinds[name]), lockFd: lock, ...(wanted.includes('uts') ? { hostname: start.hostname } : {}),
  })
  const path = (kind: NamespaceKind): string => `/proc/${holder.pid}/ns/${kind}`
  const sandbox: Sandbox = {
    version: 1, uuid: spec.uuid, madeAt: new Date().toISOString(), bootId: bootId(),
    driver: { pid: process.pid, startTime: startTime(process.pid) ?? 0 },
    holder: holder,
    namespaces: { mount: path('mnt'), ...Object.fromEntries(wanted.map((name) => [name, path(kinds[name])])) },
  }
  files.write('Sandbox', sandbox)
  return holder.pid
}

function runNetwork(spec: DriveSpec, verb: string, result: DriveResult): boolean {
  return spec.network !== undefined && runStage(spec, spec.network, verb, result)
}

function runVerb(spec: DriveSpec, verb: string, result: DriveResult, app?: string): boolean {
  return runStage(spec, spec.stage1, verb, result, app)
}

/** True when the verb failed. */
function runStage(spec: DriveSpec, stage: readonly string[], verb: string, result: DriveResult, app?: string): boolean {
  const [program = '', ...words] = stage
  const begun = performance.now()
  const { exitCode = 255, stdout } = runProgram(
    program, [...words, verb], { cwd: spec.podDirectory, env: environment(spec, app), stderr: 'inherit' }
  )
  result.milliseconds[app === undefined ? verb : `${verb} ${app}`] = performance.now() - begun
  if (exitCode === 0) return false
  result.failure = { verb, exitCode, output: stdout.toString('utf8') }
  return true
}
