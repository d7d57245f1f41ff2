/** One plugin of a network, as its configuration says it. What we do not read is passed on untouched. */
export interface PluginConfig {
  type: string
  ipMasq?: boolean
  ipam?: { type?: string; subnet?: string; ranges?: { subnet?: string }[][]; [key: string]: unknown }
  capabilities?: Record<string, boolean>
  [key: string]: unknown
}

/** A network of the configuration: the plugins in the order in which they are added. A `.conf` file is a list of one. */
export interface NetworkConfig {
  name: string
  /** Base name of its file; networks are set up in the order of these names. */
  file: string
  cniVersion: string
  plugins: PluginConfig[]
}

/** What a plugin prints after ADD, of the old form (`ip4`, CNI 0.1 and 0.2) or the new (`ips`). */
export interface CniResult {
  interfaces?: { name?: string; mac?: string; sandbox?: string }[]
  ips?: { address?: string; gateway?: string }[]
  ip4?: { ip?: string; gateway?: string }
  ip6?: { ip?: string; gateway?: string }
  dns?: { nameservers?: string[]; domain?: string; search?: string[]; options?: string[] }
}

/** One mapping in the words of the `portMappings` capability. */
export interface PortMapping {
  hostPort: number
  containerPort: number
  protocol: string
  hostIP?: string
}
