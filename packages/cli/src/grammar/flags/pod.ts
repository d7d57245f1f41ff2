import type { PortRequest, Volume } from '@rocket/contracts'
import type { Flags } from '../flag.ts'
import { bool, commaTexts, oneOf, text, texts } from '../kinds.ts'
import { setEnvironment, type KeyValue } from '../values/key-values.ts'
import { mounts, type MountArgument } from '../values/mount.ts'
import { networks, type NetworkArgument } from '../values/net.ts'
import { platform, type PlatformValue } from '../values/platform.ts'
import { ports } from '../values/port.ts'
import { volumes } from '../values/volume.ts'

export type PullPolicy = 'new' | 'never' | 'update'
const pullPolicies: readonly PullPolicy[] = ['new', 'never', 'update']
const pullPolicyError = (given: string): string => `unknown pull policy ${JSON.stringify(given)}: must be one of new, never, update`

/** How images are got. */
export const pullFlags: Flags<{
  platform: PlatformValue | undefined
  pullPolicy: PullPolicy
  pullPolicyOfFetch: PullPolicy
  storeOnly: boolean
  noStore: boolean
}> = {
  platform: {
    name: 'platform',
    kind: platform,
    help: "of images that exist for several, the one for OS/ARCH[/VARIANT]; this machine's unless said",
  },
  pullPolicy: {
    name: 'pull-policy',
    kind: oneOf<PullPolicy>('new', pullPolicies, pullPolicyError),
    help: 'when to ask the registry: new (if the image is not in the store), never, update (always)',
  },
  /** `fetch` asks always. The same flag with another default. */
  pullPolicyOfFetch: {
    name: 'pull-policy',
    kind: oneOf<PullPolicy>('update', pullPolicies, pullPolicyError),
    help: 'when to ask the registry: new (if the image is not in the store), never, update (always)',
  },
  storeOnly: { name: 'store-only', kind: bool(), help: 'look in the store only', deprecated: 'please use --pull-policy=never' },
  noStore: { name: 'no-store', kind: bool(), help: 'do not look in the store', deprecated: 'please use --pull-policy=update' },
}

/** What the pod is made of, said when it is prepared. */
export const preparationFlags: Flags<{
  inheritEnv: boolean
  mount: readonly MountArgument[]
  noOverlay: boolean
  podManifest: string
  port: readonly PortRequest[]
  privateUsers: boolean
  setEnv: readonly KeyValue[]
  setEnvFile: readonly string[]
  volume: readonly Volume[]
}> = {
  inheritEnv: { name: 'inherit-env', kind: bool(), help: "give the apps the caller's environment where they do not set a name themselves" },
  mount: {
    name: 'mount',
    kind: mounts,
    scope: 'pod-or-image',
    help: 'mount a volume: volume=NAME,target=PATH; before the first image for all, behind an image for its app',
  },
  noOverlay: { name: 'no-overlay', kind: bool(), help: 'copy the root file systems instead of laying them over' },
  podManifest: { name: 'pod-manifest', hidden: true, kind: text(), help: 'a pod manifest to run instead of images' },
  port: { name: 'port', kind: ports, help: 'publish a port of an app on the host: NAME:[HOSTIP:]HOSTPORT' },
  privateUsers: { name: 'private-users', hidden: true, kind: bool(), help: 'give the pod user IDs of its own' },
  setEnv: { name: 'set-env', kind: setEnvironment, help: 'environment variable for all apps: NAME=VALUE' },
  setEnvFile: { name: 'set-env-file', kind: texts, help: 'file of environment variables for all apps, a NAME=VALUE on each line' },
  volume: {
    name: 'volume',
    kind: volumes,
    help: 'declare a volume: NAME,kind=host,source=PATH[,readOnly=B][,recursive=B] or NAME,kind=empty[,mode=MODE][,uid=UID][,gid=GID]',
  },
}

/** What may still be said when a prepared pod is run. */
export const startFlags: Flags<{
  dns: readonly string[]
  dnsDomain: string
  dnsOpt: readonly string[]
  dnsSearch: readonly string[]
  hostname: string
  hostsEntry: readonly string[]
  interactive: boolean
  ipc: string
  mdsRegister: boolean
  net: readonly NetworkArgument[]
  uuidFileSave: string
}> = {
  dns: { name: 'dns', kind: commaTexts, help: "name servers; 'host' for the host's, 'none' for neither ours nor a network's" },
  dnsDomain: { name: 'dns-domain', kind: text(), help: 'DNS domain' },
  dnsOpt: { name: 'dns-opt', kind: texts, help: 'DNS option, one each time' },
  dnsSearch: { name: 'dns-search', kind: texts, help: 'DNS search domain, one each time' },
  hostname: { name: 'hostname', kind: text(), help: "the pod's host name; empty is rkt-UUID" },
  hostsEntry: { name: 'hosts-entry', kind: commaTexts, help: "entries for /etc/hosts: IP=NAME, or 'host' for the host's file" },
  interactive: { name: 'interactive', kind: bool(), help: 'connect the terminal to the app; one app only' },
  ipc: { name: 'ipc', kind: text(), help: "'private' or 'parent': whose System V IPC and message queues" },
  mdsRegister: { name: 'mds-register', hidden: true, kind: bool(), help: 'register the pod with the metadata service' },
  net: {
    name: 'net',
    kind: networks,
    help: "networks: default, host, none, or names, as NAME[:ARG=VALUE;…]; comma separated and repeatable; alone it is 'default'",
  },
  uuidFileSave: { name: 'uuid-file-save', kind: text(), help: "write the pod's UUID to a file" },
}

/** rkt's ways of naming a stage1. */
export const stage1Flags: Flags<{
  stage1FromDir: string
  stage1Hash: string
  stage1Name: string
  stage1Path: string
  stage1Url: string
}> = {
  stage1FromDir: {
    name: 'stage1-from-dir',
    hidden: true,
    kind: text(),
    help: 'a stage1 image by its file name in the directory of stage1 images',
  },
  stage1Hash: { name: 'stage1-hash', hidden: true, kind: text(), help: 'a stage1 image by its ID' },
  stage1Name: {
    name: 'stage1-name',
    kind: text(),
    help: 'a stage1 image by name, as coreos.com/rkt/stage1-fly; implies --flavor-policy=warn',
  },
  stage1Path: { name: 'stage1-path', hidden: true, kind: text(), help: 'a stage1 image by its path' },
  stage1Url: { name: 'stage1-url', hidden: true, kind: text(), help: 'a stage1 image by its URL' },
}

export type FlavorPolicy = '' | 'refuse' | 'warn'

/** Rocket's own: which stages run the pod. */
export const stageFlags: Flags<{
  fetchStage: string
  flavor: string
  flavorPolicy: FlavorPolicy
  networkStage: string
  ociRuntime: string
  stage2: string
}> = {
  fetchStage: { name: 'fetch-stage', kind: text(), help: 'program that fetches, in place of the built-in stage' },
  flavor: { name: 'flavor', kind: text(), help: 'how apps are isolated: oci, fly, or a flavor of your own' },
  flavorPolicy: {
    name: 'flavor-policy',
    kind: oneOf<FlavorPolicy>('', ['', 'refuse', 'warn'], (given) => `must be refuse or warn, not ${JSON.stringify(given)}`),
    help: "what to do when the flavor lacks something that was asked for: 'refuse' (usual) or 'warn'",
  },
  networkStage: { name: 'network-stage', kind: text(), help: 'program that sets networks up, in place of the built-in stage' },
  ociRuntime: { name: 'oci-runtime', kind: text(), help: 'OCI runtime for flavor oci, by name or path' },
  stage2: { name: 'stage2', kind: text(), help: 'program that runs and supervises the apps, in place of the built-in stage' },
}
