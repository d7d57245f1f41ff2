import { type OciDescriptor, type OciIndex, RocketError } from '@rocket/contracts'

export interface Platform {
  os: string
  architecture: string
  variant?: string | undefined
}

/** Of this machine, in the words of OCI. */
export function hostPlatform(): Platform {
  const architecture =
    (
      {
        x64: 'amd64',
        ia32: '386',
        arm64: 'arm64',
        arm: 'arm',
        ppc64: 'ppc64le',
        s390x: 's390x',
        riscv64: 'riscv64',
        loong64: 'loong64',
      } as Record<string, string>
    )[process.arch] ?? process.arch
  return {
    os: process.platform,
    architecture,
    ...(architecture === 'arm64' ? { variant: 'v8' } : architecture === 'arm' ? { variant: 'v7' } : {}),
  }
}

/**
 * The entry of an index for a platform: the same system and architecture, and the best variant that still runs on the wanted one; of equals
 * the first. Entries that describe another image (attestations) do not count. An index of a single entry without a platform means that
 * entry. Throws PLATFORM_NOT_FOUND, which lists what there is. Spec: OCI image-spec, image-index.md.
 */
export function pickPlatform(index: OciIndex, wanted: Platform): OciDescriptor {
  const images = index.manifests.filter((entry) => entry.annotations?.['vnd.docker.reference.type'] === undefined)
  let best: OciDescriptor | undefined
  let bestRank = -1
  for (const entry of images) {
    const rank = rankOf(entry, wanted)
    if (rank > bestRank) [best, bestRank] = [entry, rank]
  }
  if (best !== undefined) return best
  if (images.length === 1 && isAbsent(images[0]!.platform)) return images[0]!
  const found = images.flatMap(({ platform }) => (isAbsent(platform) ? [] : [formatPlatform(platform)]))
  throw new RocketError('PLATFORM_NOT_FOUND', {
    what: `the image does not exist for ${formatPlatform(wanted)}`,
    why: found.length === 0 ? 'its index names no platform' : `it exists for ${[...new Set(found)].slice(0, 30).join(', ')}`,
  })
}

export function formatPlatform({
  os,
  architecture,
  variant,
}: {
  os: string
  architecture: string
  variant?: string | null | undefined
}): string {
  return [os, architecture, ...(isAbsent(variant) || variant === '' ? [] : [variant])].join('/')
}

/** -1: it does not run there. */
function rankOf(entry: OciDescriptor, wanted: Platform): number {
  const { platform } = entry
  if (isAbsent(platform) || platform.os !== wanted.os || platform.architecture !== wanted.architecture) return -1
  const has = versionOf(platform.variant, platform.architecture)
  const needs = versionOf(wanted.variant, wanted.architecture)
  if (has === undefined || needs === undefined) return platform.variant === wanted.variant ? 1000 : -1
  return has <= needs ? has : -1
}

/** `v7` is 7; without a variant, the one that the architecture began with. */
function versionOf(variant: string | undefined, architecture: string): number | undefined {
  if (variant === undefined || variant === '') return { arm64: 8, arm: 7, amd64: 1 }[architecture] ?? 0
  const version = /^v(\d+)/.exec(variant)?.[1]
  return version === undefined ? undefined : Number(version)
}

/** Documents say `null` where they could be silent. */
function isAbsent(value: unknown): value is null | undefined {
  return value === null || value === undefined
}
