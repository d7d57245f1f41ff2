import type { Settings } from '../config/settings.ts'

/** In the order in which they override each other. */
export function configDirectories({ systemConfig, localConfig, userConfig }: Pick<Settings, 'systemConfig' | 'localConfig' | 'userConfig'>): string[] {
  return [systemConfig, localConfig, ...(userConfig === undefined ? [] : [userConfig])]
}
