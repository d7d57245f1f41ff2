import { native, type StageEvent } from '@rocket/host'
import { writeError } from '../print/write.ts'
import { formatSize } from '../print/size.ts'

export interface Progress {
  show(event: StageEvent): void
  close(): void
}

/** At most ten lines a second: a terminal at the other end of a slow line must not slow the work. */
const pauseMs = 100

/** Draws the events of long work on standard error, in one line, when that is a terminal; otherwise draws nothing. */
export function progressOf(isTerminal: boolean = isStandardErrorTerminal()): Progress {
  if (!isTerminal) return { show: () => {}, close: () => {} }
  const layers = new Map<string, { from: 'file' | 'server'; received: number; total: number | undefined }>()
  // The clock begins with the process, which may be younger than the pause.
  let drawnAt = -Infinity
  let drawn = false
  const draw = (): void => {
    const all = [...layers.values()]
    const received = all.reduce((sum, layer) => sum + layer.received, 0)
    const total = all.every((layer) => layer.total !== undefined) ? all.reduce((sum, layer) => sum + (layer.total ?? 0), 0) : undefined
    const share = total === undefined || total === 0 ? '' : ` of ${formatSize(total)} (${Math.floor((received / total) * 100)} %)`
    const downloads = `Downloading ${all.length === 1 ? 'image' : `${all.length} layers`}`
    const doing = all.some((layer) => layer.from === 'server') ? downloads : 'Using image from file'
    writeError(`\r\u001b[K${doing}: ${formatSize(received)}${share}`)
    drawn = true
  }
  return {
    show: (event) => {
      if (event.kind === 'message') return writeError(`${drawn ? '\r\u001b[K' : ''}${event.text}\n`)
      const layer = layers.get(event.digest)
      if (event.kind === 'layer-progress') layers.set(event.digest, { from: event.from, received: event.receivedBytes, total: event.totalBytes })
      else if (layer !== undefined) layer.received = layer.total ?? layer.received
      if (performance.now() - drawnAt < pauseMs) return
      drawnAt = performance.now()
      draw()
    },
    close: () => {
      if (drawn) writeError('\r\u001b[K')
    },
  }
}

function isStandardErrorTerminal(): boolean {
  return native().isatty(2) === 1
}
