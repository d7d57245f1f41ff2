import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { podLayout, type Attachment, type Net } from '@rocket/contracts'
import { writeFileAtomic } from '@rocket/host'
import type { NetworkConfig } from './cni-types.ts'
import { findPlugin } from './plugin-path.ts'
import { isIpv4, maskOf } from './read-result.ts'

/** The directory rkt copies the configurations in use to. */
const configDirectory = 'net'

/** rkt's views of the network: net-info.json, and the configuration of each network as a file, which net-info.json names. */
export function writeNetViews(podDirectory: string, net: Net): void {
  mkdirSync(join(podDirectory, configDirectory), { recursive: true, mode: 0o750 })
  for (const attachment of net.attachments) {
    const { name, cniVersion, plugins } = attachment.config as NetworkConfig
    const [only] = plugins
    const config = plugins.length === 1 ? { cniVersion, name, ...only } : { cniVersion, name, plugins }
    writeFileSync(configPath(podDirectory, attachment), `${JSON.stringify(config)}\n`, { mode: 0o640 })
  }
  writeFileAtomic(join(podDirectory, podLayout.view.netInfo), `${JSON.stringify(netInfo(podDirectory, net))}\n`)
}

/** An array as rkt wrote it; the first IPv4 address of each network. Source: rkt networking/netinfo/netinfo.go. */
export function netInfo(podDirectory: string, net: Net): object[] {
  return net.attachments.map((attachment) => {
    const address = attachment.addresses.find(isIpv4)
    return {
      netName: attachment.network,
      netConf: configPath(podDirectory, attachment),
      pluginPath: findPlugin(attachment.plugins[0] as string, net.cniPath) ?? '',
      ifName: attachment.ifName,
      ip: address?.split('/')[0] ?? '',
      args: attachment.args ?? '',
      mask: address === undefined ? '' : maskOf(address),
    }
  })
}

/** As rkt: the configurations go with their networks, net-info.json stays with the pod. */
export function removeNetConfigs(podDirectory: string): void {
  rmSync(join(podDirectory, configDirectory), { recursive: true, force: true })
}

function configPath(podDirectory: string, attachment: Attachment): string {
  return join(podDirectory, configDirectory, (attachment.config as { file: string }).file)
}
