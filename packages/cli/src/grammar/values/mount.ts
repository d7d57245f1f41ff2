import { FlagValueError, type FlagKind } from '../flag.ts'
import { checkAcName } from './names.ts'
import { parseCommaQuery } from './query.ts'
import { cleanPath } from './volume.ts'

export interface MountArgument {
  volume: string
  target: string
}

/** `--mount`, repeatable, for the pod before the first image and for an image behind it. */
export const mounts: FlagKind<readonly MountArgument[]> = {
  initial: [],
  shownDefault: '',
  add: (soFar, text) => [...soFar, parseMount(text)],
}

/** `volume=V,target=PATH`. */
export function parseMount(text: string): MountArgument {
  const given = parseCommaQuery(text)
  for (const key of given.keys()) {
    if (key !== 'volume' && key !== 'target') throw new FlagValueError(`unknown mount parameter ${JSON.stringify(key)}`)
  }
  const volume = given.get('volume') ?? ''
  const target = given.get('target') ?? ''
  if (volume === '') throw new FlagValueError('volume must be set')
  if (target === '') throw new FlagValueError('path must be set')
  if (!target.startsWith('/')) throw new FlagValueError(`target ${JSON.stringify(target)} must be an absolute path`)
  return { volume: volumeName(volume), target: cleanPath(target) }
}

function volumeName(name: string): string {
  try {
    return checkAcName(name)
  } catch (error) {
    if (!(error instanceof FlagValueError)) throw error
    throw new FlagValueError(`invalid volume name ${JSON.stringify(name)} in --mount flag: ${error.message}`)
  }
}
