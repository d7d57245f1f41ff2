import { closeSync, openSync } from 'node:fs'
import { native, type StageContext } from '@rocket/host'

export interface VectorOptions {
  app?: string
  /** Descriptors 0, 1, 2; by default none, our own standard error, and the same. */
  fds?: readonly number[]
}

/** The PATH of every vector, whatever the caller's is: /usr/sbin first, where runtimes lie. */
const defaultPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'
const sigkill = 9

/**
 * Starts a vector as the contract has it: cwd = pod, descriptors 0, 1, 2, environment PATH, RKT_POD, RKT_APP. It ends with us: a
 * launcher that outlives its supervisor could start an app that nobody watches. Returns the pid; throws when it cannot be executed.
 */
export function spawnVector(argv: readonly string[], context: StageContext, options: VectorOptions = {}): number {
  const file = argv[0]
  if (file === undefined) throw new Error('an empty vector')
  const env = [`PATH=${process.env.PATH ?? defaultPath}`, `RKT_POD=${context.podDirectory}`]
  if (options.app !== undefined) env.push(`RKT_APP=${options.app}`)
  context.debug(`executing ${argv.join(' ')}`)
  if (options.fds !== undefined) {
    return native().spawn(file, argv, env, { cwd: context.podDirectory, fds: options.fds, parentDeathSignal: sigkill })
  }
  const none = openSync('/dev/null', 'r')
  try {
    return native().spawn(file, argv, env, { cwd: context.podDirectory, fds: [none, 2, 2], parentDeathSignal: sigkill })
  } finally {
    closeSync(none)
  }
}
