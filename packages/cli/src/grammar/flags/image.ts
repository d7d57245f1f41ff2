import type { Flag, FlagKind, Flags } from '../flag.ts'
import { explicitBool, integer, oneOf, text, textOnce } from '../kinds.ts'
import { capabilities, seccomp, supplementaryGids } from '../values/isolators.ts'
import { imageEnvironment, keyValues, type KeyValue } from '../values/key-values.ts'
import { appName } from '../values/names.ts'
import { cpu, memory } from '../values/quantity.ts'

const capsRetain: Flag<readonly string[]> = {
  name: 'caps-retain',
  scope: 'image',
  kind: capabilities,
  help: 'capabilities the app keeps, all others go',
}
const capsRemove: Flag<readonly string[]> = {
  name: 'caps-remove',
  scope: 'image',
  kind: capabilities,
  help: 'capabilities taken from the default set',
}

export type StdinMode = '' | 'null' | 'stream' | 'tty'
export type OutputMode = '' | 'log' | 'null' | 'stream' | 'tty'

function outputMode(name: string): FlagKind<OutputMode> {
  return oneOf<OutputMode>('', ['log', 'null', 'stream', 'tty'], (given) => `invalid ${name} mode ${JSON.stringify(given)}`)
}

/** Flags that belong to the image before them. */
export const imageFlags: Flags<{
  annotation: readonly KeyValue[]
  capsRemove: readonly string[]
  capsRetain: readonly string[]
  capRemove: readonly string[]
  capRetain: readonly string[]
  cpu: string
  cpuShares: number | undefined
  environment: readonly KeyValue[]
  exec: string
  group: string
  memory: string
  name: string
  oomScoreAdj: number | undefined
  readonlyRootfs: boolean
  seccomp: string
  signature: string
  stdin: StdinMode
  stdout: OutputMode
  stderr: OutputMode
  supplementaryGids: readonly number[]
  user: string
  userAnnotation: readonly KeyValue[]
  userLabel: readonly KeyValue[]
  workingDir: string
}> = {
  annotation: {
    name: 'annotation',
    scope: 'image',
    kind: keyValues('annotation'),
    help: 'annotation of the app in the pod manifest: NAME=VALUE',
  },
  capsRemove,
  capsRetain,
  capRemove: {
    name: 'cap-remove',
    scope: 'image',
    kind: capabilities,
    spells: capsRemove,
    help: '',
    deprecated: 'use --caps-remove instead',
  },
  capRetain: {
    name: 'cap-retain',
    scope: 'image',
    kind: capabilities,
    spells: capsRetain,
    help: '',
    deprecated: 'use --caps-retain instead',
  },
  cpu: { name: 'cpu', scope: 'image', kind: cpu, help: "CPU limit in cores, as '500m' or '2'" },
  cpuShares: {
    name: 'cpu-shares',
    scope: 'image',
    kind: integer('os/linux/cpu-shares', 2, 262144),
    help: 'CPU weight against other apps, 2 to 262144',
  },
  environment: { name: 'environment', scope: 'image', kind: imageEnvironment, help: 'environment variable of the app: NAME=VALUE' },
  exec: { name: 'exec', scope: 'image', kind: textOnce('exec'), help: "program to run in place of the image's" },
  group: { name: 'group', scope: 'image', kind: text(), help: 'group of the app: a name, a number, or a path whose group it is' },
  memory: { name: 'memory', scope: 'image', kind: memory, help: "memory limit, as '64M' or '1Gi'" },
  name: { name: 'name', scope: 'image', kind: appName, help: 'name of the app' },
  oomScoreAdj: {
    name: 'oom-score-adj',
    scope: 'image',
    kind: integer('os/linux/oom-score-adj', -1000, 1000),
    help: 'how readily the kernel ends the app when memory is short, -1000 to 1000',
  },
  readonlyRootfs: {
    name: 'readonly-rootfs',
    scope: 'image',
    kind: explicitBool('readonly-rootfs'),
    help: "if the app's root cannot be written",
  },
  seccomp: { name: 'seccomp', scope: 'image', kind: seccomp, help: 'system call filter: mode=retain|remove[,errno=ENAME],CALL,CALL…' },
  signature: { name: 'signature', scope: 'image', kind: textOnce('signature'), help: 'file with the detached signature of the image' },
  stdin: {
    name: 'stdin',
    scope: 'application',
    hidden: true,
    kind: oneOf<StdinMode>('', ['null', 'stream', 'tty'], (given) => `invalid stdin mode ${JSON.stringify(given)}`),
    help: 'null, stream or tty',
  },
  stdout: { name: 'stdout', scope: 'application', hidden: true, kind: outputMode('stdout'), help: 'log, null, stream or tty' },
  stderr: { name: 'stderr', scope: 'application', hidden: true, kind: outputMode('stderr'), help: 'log, null, stream or tty' },
  supplementaryGids: { name: 'supplementary-gids', scope: 'image', kind: supplementaryGids, help: 'further groups of the app, as numbers' },
  user: { name: 'user', scope: 'image', kind: text(), help: 'user of the app: a name, a number, or a path whose owner it is' },
  userAnnotation: {
    name: 'user-annotation',
    scope: 'image',
    kind: keyValues('user-annotation'),
    help: "user's annotation of the app: NAME=VALUE",
  },
  userLabel: { name: 'user-label', scope: 'image', kind: keyValues('user-label'), help: "user's label of the app: NAME=VALUE" },
  workingDir: { name: 'working-dir', scope: 'image', kind: text(), help: 'working directory of the app' },
}
