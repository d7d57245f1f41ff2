import type { AppRequest, RunRequest } from '@rocket/contracts'
import type { ImageArgument } from './command.ts'
import type { FlagValues } from './flag.ts'
import { FlagValueError } from './flag.ts'
import { globalFlags } from './flags/global.ts'
import { imageFlags } from './flags/image.ts'
import { preparationFlags, stageFlags, startFlags } from './flags/pod.ts'
import { planDns } from './values/dns.ts'
import { planHosts } from './values/hosts.ts'
import { normaliseReference, type Surroundings } from './values/image-reference.ts'
import { insecurities } from './values/insecure-options.ts'
import { cleanPath } from './values/volume.ts'

/** What the command line says of one app, for `request.json`. Throws {@link FlagValueError}. */
export function planAppRequest({ reference, flags, args }: ImageArgument, around: Surroundings): AppRequest {
  const text = (flag: Parameters<typeof flags.isSet>[0]): string | undefined => (flags.isSet(flag) ? String(flags.get(flag)) : undefined)
  const directory = text(imageFlags.workingDir)
  if (directory !== undefined && !directory.startsWith('/')) throw new FlagValueError('workingDirectory must be an absolute path')
  const signature = text(imageFlags.signature)
  return {
    reference: normaliseReference(reference, around),
    args,
    environment: [...flags.get(imageFlags.environment)],
    mounts: [...flags.get(preparationFlags.mount)],
    isolators: planIsolators(flags),
    annotations: [...flags.get(imageFlags.annotation)],
    ...given(
      'signature',
      signature === undefined ? undefined : cleanPath(`${signature.startsWith('/') ? '' : `${around.workingDirectory}/`}${signature}`),
    ),
    ...given('name', text(imageFlags.name)),
    ...given('exec', text(imageFlags.exec)),
    ...given('user', text(imageFlags.user)),
    ...given('group', text(imageFlags.group)),
    ...given('supplementaryGids', flags.isSet(imageFlags.supplementaryGids) ? [...flags.get(imageFlags.supplementaryGids)] : undefined),
    ...given('workingDirectory', directory === undefined ? undefined : cleanPath(directory)),
    ...given('readOnlyRoot', flags.isSet(imageFlags.readonlyRootfs) ? flags.get(imageFlags.readonlyRootfs) : undefined),
    ...given('userAnnotations', stringMap(flags.get(imageFlags.userAnnotation))),
    ...given('userLabels', stringMap(flags.get(imageFlags.userLabel))),
  }
}

/** What the command line says of the start, for `run-request.json`. Throws {@link FlagValueError} with rkt's context. */
export function planRunRequest(flags: FlagValues): Omit<RunRequest, 'version' | 'uuid' | 'requestedAt' | 'localConfig'> {
  const ipc = flags.get(startFlags.ipc)
  if (!['', 'auto', 'private', 'parent'].includes(ipc)) throw new FlagValueError(`unknown value for --ipc parameter: ${ipc}`)
  const hostname = flags.get(startFlags.hostname)
  const ociRuntime = flags.get(stageFlags.ociRuntime)
  return {
    networks: flags.get(startFlags.net).map((network) => ({ ...network })),
    ...planNames(flags),
    interactive: flags.get(startFlags.interactive),
    insecure: insecurities(flags.get(globalFlags.insecureOptions)).run,
    ...given('hostname', hostname === '' ? undefined : hostname),
    ...(ipc === 'private' || ipc === 'parent' ? { ipc } : {}),
    ...given('ociRuntime', ociRuntime === '' ? undefined : ociRuntime),
  }
}

function planNames(flags: FlagValues): Pick<RunRequest, 'dns' | 'hosts'> {
  const { dns, dnsSearch, dnsOpt, dnsDomain, hostsEntry } = startFlags
  try {
    return {
      dns: planDns({ dns: flags.get(dns), search: flags.get(dnsSearch), options: flags.get(dnsOpt), domain: flags.get(dnsDomain) }),
      hosts: planHosts(flags.get(hostsEntry)),
    }
  } catch (error) {
    if (!(error instanceof FlagValueError)) throw error
    throw new FlagValueError(`error with dns flags: ${error.message}`)
  }
}

function planIsolators(flags: FlagValues): AppRequest['isolators'] {
  const { memory, cpu, cpuShares, oomScoreAdj, capsRetain, capsRemove, seccomp } = imageFlags
  return {
    ...given('memory', flags.isSet(memory) ? flags.get(memory) : undefined),
    ...given('cpu', flags.isSet(cpu) ? flags.get(cpu) : undefined),
    ...given('cpuShares', flags.get(cpuShares)),
    ...given('oomScoreAdj', flags.get(oomScoreAdj)),
    ...given('capsRetain', flags.isSet(capsRetain) ? [...flags.get(capsRetain)] : undefined),
    ...given('capsRemove', flags.isSet(capsRemove) ? [...flags.get(capsRemove)] : undefined),
    ...given('seccomp', flags.isSet(seccomp) ? flags.get(seccomp) : undefined),
  }
}

function stringMap(pairs: readonly { name: string; value: string }[]): Record<string, string> | undefined {
  return pairs.length === 0 ? undefined : Object.fromEntries(pairs.map(({ name, value }) => [name, value]))
}

/** A field that is there only when it has a value: the documents know no null. */
function given<K extends string, V>(name: K, value: V | undefined): { [P in K]?: V } {
  return (value === undefined ? {} : { [name]: value }) as { [P in K]?: V }
}
