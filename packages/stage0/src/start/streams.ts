import { RocketError, type Streams } from '@rocket/contracts'
import type { Notes } from '../prepare/notes.ts'

/** Of one app: handed through, standard input only when interactive. Of several: a line at a time, marked with the app's name. */
export function planStreams(
  apps: readonly string[], interactive: boolean, isTerminal: () => boolean, notes: Notes,
): Record<string, Streams> {
  if (interactive && apps.length > 1) {
    throw new RocketError('INTERACTIVE_ONE_APP', {
      what: 'the pod cannot be interactive', why: `interactive option only supports one image, there are ${apps.length}`,
    })
  }
  const streams = interactive ? interactiveStreams(isTerminal(), notes) : ordinaryStreams(apps.length)
  return Object.fromEntries(apps.map((app) => [app, streams]))
}

function interactiveStreams(terminal: boolean, notes: Notes): Streams {
  if (!terminal) return { stdin: 'inherit', stdout: 'inherit', stderr: 'inherit' }
  notes.need('tty', '--interactive')
  return { stdin: 'tty', stdout: 'tty', stderr: 'tty' }
}

function ordinaryStreams(apps: number): Streams {
  const out = apps > 1 ? 'prefix' : 'inherit'
  return { stdin: 'null', stdout: out, stderr: out }
}
