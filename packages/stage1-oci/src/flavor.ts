import type { FlavorDeclaration } from '@rocket/contracts'

/** What this flavor says of itself; `flavor.json` beside the package says the same to those who do not run TypeScript. */
export const flavor: FlavorDeclaration = {
  version: 1,
  name: 'oci',
  interface: 7,
  supervision: 'apps',
  namespaces: ['pid', 'network', 'ipc', 'uts'],
  features: [
    'apps-many', 'network-none', 'network-host', 'network-contained', 'ports', 'namespace-pid', 'ipc-parent', 'hostname', 'dns', 'hosts',
    'volume-host', 'volume-empty', 'read-only-root', 'tty', 'devices', 'masked-paths', 'isolator-memory', 'isolator-cpu',
    'isolator-cpu-shares', 'isolator-oom-score-adj', 'isolator-capabilities', 'isolator-seccomp', 'isolator-no-new-privileges', 'enter',
    'stop',
    'host-propagation',
  ],
}
