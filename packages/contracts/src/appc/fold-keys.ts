const names = [
  'acKind',
  'acVersion',
  'annotations',
  'app',
  'apps',
  'appVolume',
  'count',
  'default',
  'dependencies',
  'environment',
  'errno',
  'eventHandlers',
  'exec',
  'gid',
  'group',
  'hostIP',
  'hostPort',
  'id',
  'image',
  'imageID',
  'imageName',
  'isolators',
  'kind',
  'labels',
  'level',
  'limit',
  'mode',
  'mountPoints',
  'mounts',
  'name',
  'path',
  'pathWhitelist',
  'podPort',
  'port',
  'ports',
  'profile',
  'protocol',
  'readOnly',
  'readOnlyRootFS',
  'recursive',
  'request',
  'role',
  'set',
  'size',
  'socketActivated',
  'source',
  'supplementaryGIDs',
  'type',
  'uid',
  'user',
  'userAnnotations',
  'userLabels',
  'value',
  'volume',
  'volumes',
  'workingDirectory',
]

const canonical = new Map(names.map((name) => [name.toLowerCase(), name]))
/** Their keys are the author's own. */
const freeMaps = new Set(['userAnnotations', 'userLabels'])

/**
 * An appc document with its keys as the specification writes them: the reference decoder matches them in any case, the last of several
 * wins, and `null` is as good as absent. Free keys (`userLabels`, sysctl names) stay as they are.
 */
export function foldKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(foldKeys)
  if (typeof value !== 'object' || value === null) return value
  const folded: Record<string, unknown> = {}
  for (const [key, inner] of Object.entries(value)) {
    const name = canonical.get(key.toLowerCase()) ?? key
    if (name === '__proto__') continue
    if (inner === null) delete folded[name]
    else folded[name] = freeMaps.has(name) || (name === 'value' && isSysctl(value)) ? inner : foldKeys(inner)
  }
  return folded
}

function isSysctl(isolator: object): boolean {
  return Object.entries(isolator).some(([key, value]) => key.toLowerCase() === 'name' && value === 'os/unix/sysctl')
}
