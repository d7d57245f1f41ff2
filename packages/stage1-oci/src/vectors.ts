import { outsideNames, podLayout, type App, type AppRun } from '@rocket/contracts'
import type { KnownRuntime } from './runtime/known-runtimes.ts'
import { stateDirectory } from './runtime/state-directory.ts'
import { terminalType } from './terminal-type.ts'

/** The OCI bundle of an app, relative to the pod: `config.json` beside the app's documents. */
export function bundlePath(app: string): string {
  return podLayout.app(app)
}

/**
 * How an app is run. Detached: the app becomes a child of stage2, which learns exactly how it ended, and no runtime stays in memory. With a
 * terminal the runtime stays between the app and ours, and exits with 128 and the signal. There is no cleanup vector: `runtime delete`
 * costs half of a start, `destroy-app` does the same in this process (docs/decisions/0011).
 */
export function planVectors(
  app: App, runtime: KnownRuntime, options: { podDirectory: string; terminal: boolean; capabilities: readonly string[] }
): Pick<AppRun, 'launch' | 'enter' | 'enterTty' | 'terminal'> {
  const { terminal } = options
  // crun opens it after it has gone to the bundle, runc before: only an absolute path means the same to both.
  const pidFile = `${podLayout.app(app.app)}/pid`
  const container = outsideNames.container(app.uuid, app.app)
  const root = `--root=${stateDirectory(app.uuid, runtime)}`
  const run = [runtime.path, root, 'run', `--bundle=${bundlePath(app.app)}`]
  const foreground = [...run, container]
  const exec = [runtime.path, root, 'exec', ...confinement(app, options.capabilities)]
  return {
    launch: terminal ? { foreground } : {
      foreground, detached: { argv: [...run, '--detach', `--pid-file=${options.podDirectory}/${pidFile}`, container], pidFile },
    },
    enter: [...exec, container],
    enterTty: [...exec, '--tty', ...terminalType(app).map((variable) => `--env=${variable}`), container],
    terminal: terminal ? 'inherit' : 'none',
  }
}

/**
 * Entered as root in /, as rkt does, with the environment, namespaces, cgroup and system call filter of the app, and never with a
 * capability that its bounding set lacks. For an app of another user root must be given that set in words, since nothing of it is effective
 * there.
 */
function confinement(app: App, capabilities: readonly string[]): string[] {
  return [
    '--user=0:0', '--cwd=/',
    ...(app.isolators.noNewPrivileges ? ['--no-new-privs'] : []),
    ...(app.user.uid === 0 ? [] : capabilities.map((name) => `--cap=${name}`)),
  ]
}
