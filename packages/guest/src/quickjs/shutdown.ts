import * as os from 'os'
import { guestLayout } from '@rocket/contracts/guest'
import { must } from './quickjs-system.ts'

const sigkill = 9
/** How long processes that were killed may take to be gone. */
const patienceMs = 2000
const lookAgainMs = 10

/** Ends every process but this one, so that nothing holds the share, and takes the share off: what was written is then with the host. */
export async function releaseShare(): Promise<string | undefined> {
  os.kill(-1, sigkill)
  for (let waitedMs = 0; waitedMs < patienceMs; waitedMs += lookAgainMs) {
    if (!reapAll()) break
    await new Promise<void>((resolve) => void os.setTimeout(resolve, lookAgainMs))
  }
  const failed = runToEnd(['/bin/umount', guestLayout.mountPoint]) !== 0
  if (failed) runToEnd(['/bin/sync'])
  return failed ? 'the share was still in use; what was written to it was synced' : undefined
}

/** Does not return: QEMU ends with the machine. */
export function turnOff(): void {
  runToEnd(['/bin/reboot', '-f'])
}

/** True while there are processes. */
function reapAll(): boolean {
  for (;;) {
    const [pid] = os.waitpid(-1, os.WNOHANG)
    if (pid === 0) return true
    if (pid < 0) return false
  }
}

function runToEnd(argv: readonly string[]): number {
  os.signal(os.SIGCHLD, null)
  return must(os.exec(argv, { block: true, usePath: false, env: {} }), `execute ${argv[0] ?? ''}`)
}
