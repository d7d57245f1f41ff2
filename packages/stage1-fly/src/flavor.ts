import type { FlavorDeclaration } from '@rocket/contracts'

/** What this flavor says of itself; `flavor.json` beside the package says the same to those who do not run TypeScript. */
export const flavor: FlavorDeclaration = {
  version: 1,
  name: 'fly',
  interface: 7,
  supervision: 'apps',
  namespaces: [],
  features: [
    'network-host', 'ipc-parent', 'dns', 'hosts', 'volume-host', 'volume-empty', 'read-only-root', 'tty', 'devices', 'enter', 'stop',
    'host-propagation',
  ],
}
