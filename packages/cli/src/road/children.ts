import { childrenOf, native, processStat } from '@rocket/host'

const sigkill = 9
/** A process that the kernel cannot end (a dead network file system) must not keep `rkt` for ever. */
const patienceMs = 5000

/** Children that are not of our making: whoever executed `rkt` in place of itself left them. */
let inherited: ReadonlySet<number> | undefined

/** Before the first program of a stage runs: from here on what programs leave behind becomes our child. */
export function adoptOrphans(): void {
  if (inherited !== undefined) return
  inherited = new Set(childrenOf(process.pid))
  native().setSubreaper(true)
}

/**
 * Ends what stage programs left running and waits until it is gone: a daemon of theirs would hold the lock of the pod, or a pipe of
 * whoever called us, for as long as it lives.
 */
export function endOrphans(): void {
  const before = inherited
  if (before === undefined) return
  reapUntil(() => {
    const left = childrenOf(process.pid).filter((pid) => !before.has(pid))
    // The dead are reaped by the loop; what ends may leave its own children to us.
    for (const pid of left) if (processStat(pid)?.state !== 'Z') native().kill(pid, sigkill)
    return left.length === 0
  })
}

/** Reaps every child that ends, in one loop: the first process of a pid namespace is gone only after the others in it are reaped. */
export function reapUntil(isDone: () => boolean): void {
  const end = performance.now() + patienceMs
  while (!isDone() && performance.now() < end) {
    while (native().waitAny() !== undefined) { /* its end is all we wanted */ }
    if (isDone()) return
    native().poll([], [], 2)
  }
}
