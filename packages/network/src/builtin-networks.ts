import type { NetworkConfig } from './cni-types.ts'

/**
 * The networks that exist without configuration, with rkt's names, file names and subnets. CNI 0.4.0 is spoken by every plugin release
 * since 2018, the ones of Debian 11 to 13 included; they gain nothing from 1.0.0. Source: rkt stage1/net.
 */
export const builtinNetworks: readonly NetworkConfig[] = [
  {
    name: 'default', file: '99-default.conf', cniVersion: '0.4.0',
    plugins: [{
      type: 'ptp', ipMasq: true,
      ipam: { type: 'host-local', subnet: '172.16.28.0/24', routes: [{ dst: '0.0.0.0/0' }] },
    }],
  },
  {
    name: 'default-restricted', file: '99-default-restricted.conf', cniVersion: '0.4.0',
    plugins: [{ type: 'ptp', ipMasq: false, ipam: { type: 'host-local', subnet: '172.31.0.0/16' } }],
  },
]
