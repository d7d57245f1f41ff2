import type { Invocation } from './command.ts'
import type { Flag } from './flag.ts'
import { imageFlags } from './flags/image.ts'
import { preparationFlags, pullFlags, stage1Flags, startFlags } from './flags/pod.ts'

/**
 * Flags of `run` and `prepare` that cannot stand together, in rkt's order and words; undefined when all is well. The first two
 * kinds belong to the parsing of images, where rkt finds them, too.
 */
export function findPodFlagConflict(invocation: Invocation): string | undefined {
  const { flags, images } = invocation
  const mounts = [...flags.get(preparationFlags.mount), ...images.flatMap((image) => image.flags.get(preparationFlags.mount))]
  const volumes = flags.get(preparationFlags.volume).map((volume) => volume.name)
  const dangling = mounts.find((mount) => !volumes.includes(mount.volume))
  if (dangling !== undefined) {
    const { target, volume } = dangling
    return `error parsing app image arguments: dangling mount point ${JSON.stringify(target)}: volume ${JSON.stringify(volume)} not found`
  }
  if (images.some((image) => image.flags.isSet(imageFlags.capsRetain) && image.flags.isSet(imageFlags.capsRemove))) {
    return 'error: cannot use both --caps-retain and --caps-remove on the same image'
  }
  if (flags.get(pullFlags.storeOnly) && flags.get(pullFlags.noStore)) return 'both --store-only and --no-store specified'
  return networkConflict(invocation) ?? manifestConflict(invocation) ?? imageCountConflict(invocation) ?? findUnsupported(invocation)
}

/** Of rkt, and without effect here so far: they are refused, since a pod would silently be another than the one asked for. */
const unsupported: readonly Flag<unknown>[] = [
  preparationFlags.podManifest,
  preparationFlags.privateUsers,
  startFlags.mdsRegister,
  stage1Flags.stage1FromDir,
  stage1Flags.stage1Hash,
  stage1Flags.stage1Path,
  stage1Flags.stage1Url,
  imageFlags.stdin,
  imageFlags.stdout,
  imageFlags.stderr,
]

function findUnsupported({ flags, images }: Invocation): string | undefined {
  const given = unsupported.find((flag) =>
    [flags, ...images.map((image) => image.flags)].some((values) => values.isSet(flag) && values.get(flag) !== false),
  )
  return given === undefined ? undefined : `--${given.name} is not supported by this version`
}

function networkConflict({ flags }: Invocation): string | undefined {
  const names = flags.get(startFlags.net).map((network) => network.name)
  for (const name of ['none', 'host'] as const) {
    if (flags.get(preparationFlags.port).length > 0 && names.includes(name)) return `--port flag does not work with '${name}' networking`
  }
  if (!flags.get(startFlags.mdsRegister) || !names.includes('none')) return undefined
  return "--mds-register flag does not work with --net=none. Please use 'host', 'default' or an equivalent network"
}

function manifestConflict({ flags, images }: Invocation): string | undefined {
  if (flags.get(preparationFlags.podManifest) === '') return undefined
  const { volume, mount, port, inheritEnv, setEnv, setEnvFile } = preparationFlags
  const said = [volume, mount, port, setEnv, setEnvFile].some((flag) => flags.isSet(flag)) || flags.get(inheritEnv)
  const policy = effectivePullPolicy(flags)
  return images.length > 0 || said || policy !== 'new' ? 'conflicting flags set with --pod-manifest (see --help)' : undefined
}

function imageCountConflict({ flags, images }: Invocation): string | undefined {
  if (flags.get(preparationFlags.podManifest) !== '') return undefined
  if (flags.get(startFlags.interactive) && images.length > 1) return 'interactive option only supports one image'
  return images.length === 0 ? 'must provide at least one image or specify the pod manifest' : undefined
}

/** `--pull-policy`, or what its two older spellings stand for. */
export function effectivePullPolicy(flags: Invocation['flags']): 'new' | 'never' | 'update' {
  if (flags.get(pullFlags.storeOnly)) return 'never'
  return flags.get(pullFlags.noStore) ? 'update' : flags.get(pullFlags.pullPolicy)
}
