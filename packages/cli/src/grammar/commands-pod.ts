import type { Command } from './command.ts'
import { imageFlags } from './flags/image.ts'
import { enterFlags, gcFlags, stopFlags } from './flags/life.ts'
import { outputFlags } from './flags/output.ts'
import { preparationFlags, pullFlags, stage1Flags, stageFlags, startFlags } from './flags/pod.ts'
import { explainFlags } from './flags/store.ts'
import { uuidOrFile, uuidsOrFile } from './positionals.ts'

const { platform, pullPolicy, storeOnly, noStore } = pullFlags
/** The pod of `run-prepared` has its UUID, and registering is not there yet (pod-checks.ts). */
const { uuidFileSave: _saved, mdsRegister: _registered, ...preparedStartFlags } = startFlags
const { fetchStage, flavor, flavorPolicy, networkStage, ociRuntime, stage2 } = stageFlags

/** Commands that make, change and end pods. */
export const podCommands: readonly Command[] = [
  {
    path: 'run',
    summary: 'Run images as a pod',
    usage: '[--volume=NAME,kind=host,…] [--mount volume=VOL,target=PATH] IMAGE [-- image-args...[---]]...',
    description:
      'Runs one or more images together as a pod, in the foreground. Flags behind an image belong to its app. Words between -- and --- ' +
      'are arguments of the app before them. The exit status is that of the first app that failed, or 0.',
    examples: [
      'rkt run --insecure-options=image ./web.aci',
      'rkt run --net=none oci:./layout:latest --exec /bin/sh -- -c "echo hello"',
      'rkt run a.aci --memory=64M -- first second --- b.aci --name=helper',
    ],
    flags: [
      ...Object.values(startFlags), ...Object.values(preparationFlags), ...Object.values(imageFlags), ...Object.values(stage1Flags),
      ...Object.values(stageFlags), platform, pullPolicy, storeOnly, noStore, outputFlags.format,
    ],
    words: 'images',
    needsRoot: true,
    load: () => import('../commands/run.ts'),
  },
  {
    path: 'prepare',
    summary: 'Prepare a pod, to be run later',
    usage: '[--volume=NAME,kind=host,…] [--mount volume=VOL,target=PATH] IMAGE [-- image-args...[---]]...',
    description: "Does everything of 'rkt run' up to the start, and prints the UUID for 'rkt run-prepared'.",
    examples: ['rkt prepare --insecure-options=image ./web.aci'],
    flags: [
      ...Object.values(preparationFlags), ...Object.values(imageFlags), ...Object.values(stage1Flags), fetchStage, flavor, flavorPolicy,
      platform, pullPolicy, storeOnly, noStore, outputFlags.format,
      { name: 'quiet', kind: outputFlags.full.kind, help: 'print nothing but the UUID' },
    ],
    words: 'images',
    needsRoot: true,
    load: () => import('../commands/prepare.ts'),
  },
  {
    path: 'run-prepared',
    summary: 'Run a prepared pod',
    usage: 'UUID',
    description: "Runs what 'rkt prepare' prepared. The UUID may be shortened.",
    examples: ['rkt run-prepared --net=none 0f3a'],
    flags: [...Object.values(preparedStartFlags), networkStage, ociRuntime, stage2, outputFlags.format],
    words: 'anywhere',
    accepts: (words) => words.length === 1,
    needsRoot: true,
    load: () => import('../commands/run-prepared.ts'),
  },
  {
    path: 'enter',
    summary: 'Run a command inside an app of a running pod',
    usage: '[--app=APPNAME] UUID [CMD [ARGS ...]]',
    description: 'Nothing behind the UUID is read as a flag. Without a command, a shell is run. The exit status is that of the command.',
    examples: ['rkt enter 0f3a /bin/sh', 'rkt enter --app=web 0f3a ps'],
    flags: [enterFlags.app],
    words: 'verbatim',
    accepts: (words) => words.length >= 1,
    needsRoot: true,
    load: () => import('../commands/enter.ts'),
  },
  {
    path: 'stop',
    summary: 'Stop a pod',
    usage: '[--force] UUID ... | --uuid-file=FILE',
    description: 'Asks the supervisor of each pod to end it, and does not wait for that. With --force the pod is killed.',
    examples: ['rkt stop 0f3a 77b1', 'rkt stop --force --uuid-file=/run/web.uuid'],
    flags: [stopFlags.force, outputFlags.uuidFile],
    words: 'anywhere',
    accepts: uuidsOrFile,
    needsRoot: false,
    load: () => import('../commands/stop.ts'),
  },
  {
    path: 'rm',
    summary: 'Remove all files and resources of exited pods',
    usage: 'UUID ... | --uuid-file=FILE',
    description: "Removes pods that have ended or were never run, without the waiting time of 'rkt gc'. Running pods are refused.",
    examples: ['rkt rm 0f3a'],
    flags: [outputFlags.uuidFile],
    words: 'anywhere',
    accepts: uuidsOrFile,
    needsRoot: true,
    load: () => import('../commands/rm.ts'),
  },
  {
    path: 'gc',
    summary: 'Collect pods that are no longer in use',
    usage: '[--grace-period=30m] [--expire-prepared=24h] [--explain]',
    description:
      'Marks pods that have ended, and removes those that were marked longer ago than the grace period, prepared pods that nobody ran, ' +
      'and what interrupted commands left behind.',
    examples: ['rkt gc --grace-period=0s', 'rkt gc --explain'],
    flags: [...Object.values(gcFlags), ...Object.values(explainFlags), outputFlags.format],
    words: 'anywhere',
    needsRoot: true,
    load: () => import('../commands/gc.ts'),
  },
  {
    path: 'cat-manifest',
    summary: 'Show the manifest of a pod',
    usage: 'UUID | --uuid-file=FILE',
    description: 'Prints the pod manifest as JSON.',
    examples: ['rkt cat-manifest 0f3a'],
    flags: [outputFlags.prettyPrint, outputFlags.uuidFile],
    words: 'anywhere',
    accepts: uuidOrFile,
    needsRoot: false,
    load: () => import('../commands/cat-manifest.ts'),
  },
]
