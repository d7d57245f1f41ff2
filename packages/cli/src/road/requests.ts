import { readFileSync, statSync } from 'node:fs'
import { isErrno, type Request, type RunRequest } from '@rocket/contracts'
import { chooseFlavor } from '../config/flavors.ts'
import type { Settings } from '../config/settings.ts'
import type { Invocation } from '../grammar/command.ts'
import type { FlagValues } from '../grammar/flag.ts'
import { preparationFlags, pullFlags, stage1Flags, stageFlags } from '../grammar/flags/pod.ts'
import { effectivePullPolicy } from '../grammar/pod-checks.ts'
import { planAppRequest, planRunRequest } from '../grammar/request-parts.ts'
import { readEnvFiles } from '../grammar/values/env-file.ts'
import { insecurities } from '../grammar/values/insecure-options.ts'
import type { Surroundings } from '../grammar/values/image-reference.ts'
import { globalFlags } from '../grammar/flags/global.ts'
import type { KeyValue } from '../grammar/values/key-values.ts'

/** What `run` and `prepare` were asked, as `request.json`. Throws for a flavor that is not at hand and for environment files. */
export function planRequest(invocation: Invocation, settings: Settings): Request {
  const { flags, images } = invocation
  const flavor = chooseFlavor(
    { flavor: flags.get(stageFlags.flavor), policy: flags.get(stageFlags.flavorPolicy), stage1Name: flags.get(stage1Flags.stage1Name) },
    settings.stages,
  )
  const around = imageSurroundings()
  return {
    ...emptyRequest(),
    flavor: flavor.name, flavorPolicy: flavor.policy, flavors: flavor.flavors,
    apps: images.map((image) => planAppRequest(image, around)),
    pullPolicy: effectivePullPolicy(flags),
    insecure: insecurities(flags.get(globalFlags.insecureOptions)).fetch,
    ...platformOf(flags),
    ...trustOf(flags),
    volumes: [...flags.get(preparationFlags.volume)],
    mounts: [...flags.get(preparationFlags.mount)],
    ports: [...flags.get(preparationFlags.port)],
    inheritEnvironment: flags.get(preparationFlags.inheritEnv) ? callerEnvironment() : [],
    setEnvironment: mergeByName(readEnvFiles(flags.get(preparationFlags.setEnvFile)), flags.get(preparationFlags.setEnv)),
    overlay: !flags.get(preparationFlags.noOverlay),
  }
}

/** Absent unless it was said: the document of a request that says nothing about keys stays as it was. */
export function trustOf(flags: FlagValues): Pick<Request, 'trustKeysFromHttps'> {
  return flags.get(globalFlags.trustKeysFromHttps) ? { trustKeysFromHttps: true } : {}
}

/** Absent unless it was said: then the machine decides. */
export function platformOf(flags: FlagValues): Pick<Request, 'platform'> {
  const platform = flags.get(pullFlags.platform)
  return platform === undefined ? {} : { platform }
}

/** A request that asks for nothing: what `fetch` fills with images alone. */
export function emptyRequest(): Request {
  return {
    version: 1, uuid: newUuid(), createdAt: new Date().toISOString(), flavor: 'oci', flavorPolicy: 'refuse', flavors: [], apps: [],
    pullPolicy: 'new', insecure: { image: false, tls: false, http: false, pubkey: false }, volumes: [], mounts: [], ports: [],
    inheritEnvironment: [], setEnvironment: [], overlay: true, exitPolicy: 'apps',
    caller: { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 }, annotations: [],
  }
}

/** What `run` and `run-prepared` may say at run time, as `run-request.json`. */
export function planStartRequest(invocation: Invocation, settings: Settings, uuid: string): RunRequest {
  const parts = planRunRequest(invocation.flags)
  const ociRuntime = parts.ociRuntime ?? settings.stages.ociRuntime
  return {
    version: 1, uuid, requestedAt: new Date().toISOString(), ...parts, localConfig: settings.localConfig,
    ...(ociRuntime === undefined ? {} : { ociRuntime }),
  }
}

export function imageSurroundings(): Surroundings {
  return { workingDirectory: process.cwd(), isFile }
}

/** From the kernel: Node's crypto module would cost 8 ms. */
export function newUuid(): string {
  return readFileSync('/proc/sys/kernel/random/uuid', 'utf8').trim()
}

function isFile(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false })?.isFile() === true
  } catch (error) {
    if (isErrno(error, 'ENAMETOOLONG', 'EACCES', 'ELOOP')) return false
    throw error
  }
}

/** Names that appc does not allow (a shell's exported functions) cannot be given to an app. */
function callerEnvironment(): KeyValue[] {
  return Object.entries(process.env)
    .filter(([name]) => /^[A-Za-z_][A-Za-z_0-9.-]*$/.test(name))
    .map(([name, value]) => ({ name, value: value ?? '' }))
}

/** Later lists win, as rkt has it: files of variables below single ones. */
function mergeByName(...lists: readonly (readonly KeyValue[])[]): KeyValue[] {
  const merged = new Map(lists.flat().map(({ name, value }) => [name, value]))
  return [...merged].map(([name, value]) => ({ name, value }))
}
