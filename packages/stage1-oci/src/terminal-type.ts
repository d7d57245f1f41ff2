import type { App } from '@rocket/contracts'

/**
 * The environment's word on the terminal, where the app has none of its own: programs that draw on a terminal refuse to start without. Which
 * terminal the caller has stands in no document; every one of today understands xterm.
 */
export function terminalType(app: App): string[] {
  return app.environment.some(({ name }) => name === 'TERM') ? [] : ['TERM=xterm']
}
