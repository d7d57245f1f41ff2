/**
 * What a flavor can do, in the words that `flavor.json` declares and a need is stated in. A need is what the user or the image
 * states; defaults are not needs.
 */
export const features = {
  'apps-many': 'more than one app in a pod',
  'network-none': 'a network namespace with loopback only',
  'network-host': "the host's network",
  'network-contained': 'networks of its own, made by CNI plugins',
  'ports': 'ports published on the host',
  'namespace-pid': 'a process table of its own',
  'user-namespace': 'user IDs of its own',
  'ipc-parent': "the host's IPC namespace",
  'hostname': 'a host name of its own',
  'dns': 'a resolv.conf made for the pod',
  'hosts': 'a hosts file made for the pod',
  'volume-host': 'host files and directories as volumes',
  'volume-empty': 'volumes made for the pod, and removed with it',
  'read-only-root': 'apps whose root cannot be written',
  'tty': 'a terminal for an app',
  'devices': 'device nodes as volumes',
  'masked-paths': 'kernel interfaces hidden from apps',
  'event-handlers': 'pre-start and post-stop programs',
  'isolator-memory': 'a memory limit per app',
  'isolator-cpu': 'a CPU limit per app',
  'isolator-cpu-shares': 'a CPU weight per app',
  'isolator-oom-score-adj': 'an out-of-memory score per app',
  'isolator-capabilities': 'a capability set per app',
  'isolator-seccomp': 'a system call filter per app',
  'isolator-no-new-privileges': 'no privileges gained by executing a program',
  'enter': 'running a further program inside an app',
  'stop': 'ending a pod in an orderly way',
  'app-add': 'adding and removing apps while the pod runs',
  'attach': "connecting to an app's streams while it runs",
  'sd-notify': 'readiness told by the app',
  'socket-activation': 'listening sockets passed to an app',
  'host-propagation': 'mounts made on the host later on appear in the pod',
} as const

export type Feature = keyof typeof features

export const featureNames = Object.keys(features) as [Feature, ...Feature[]]
