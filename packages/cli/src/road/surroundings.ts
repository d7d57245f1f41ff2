import type { Settings } from '../config/settings.ts'
import type { FlagValues } from '../grammar/flag.ts'
import { stageFlags } from '../grammar/flags/pod.ts'
import { resolve } from 'node:path'
import type { Surroundings } from './prepare-pod.ts'
import type { Replacements } from './programs.ts'

/** What the driver needs beside the requests: where things are, and which stages were replaced. Flags win over configuration. */
export function surroundingsOf(settings: Settings, flags: FlagValues): Surroundings {
  return {
    dataDirectory: settings.dataDirectory, storeDirectory: settings.storeDirectory, debug: settings.debug, sync: false,
    replacements: { ...configured(settings), ...said(flags) },
    environment: { RKT_CONFIG_DIRS: [settings.systemConfig, settings.localConfig, settings.userConfig ?? ''].join(':') },
  }
}

function configured({ stages }: Settings): Replacements {
  const { fetch, stage0, network, stage2 } = stages
  return {
    ...(fetch === undefined ? {} : { fetch }), ...(stage0 === undefined ? {} : { stage0 }), ...(network === undefined ? {} : { network }),
    ...(stage2 === undefined ? {} : { stage2 }),
  }
}

function said(flags: FlagValues): Replacements {
  const named = { fetch: stageFlags.fetchStage, network: stageFlags.networkStage, stage2: stageFlags.stage2 }
  const set = Object.entries(named).filter(([, flag]) => flags.isSet(flag))
  return Object.fromEntries(set.map(([stage, flag]) => [stage, resolve(flags.get(flag))]))
}
