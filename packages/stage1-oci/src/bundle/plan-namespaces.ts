import type { Sandbox } from '@rocket/contracts'

/** The pod's namespaces are joined; mounts and the view of cgroups are the app's own. What the sandbox lacks is shared with the host. */
export function planNamespaces({ namespaces }: Sandbox): { type: string; path?: string }[] {
  const joined = (['pid', 'network', 'ipc', 'uts'] as const).flatMap((type) => {
    const path = namespaces[type]
    return path === undefined ? [] : [{ type, path }]
  })
  return [...joined, { type: 'mount' }, { type: 'cgroup' }]
}
