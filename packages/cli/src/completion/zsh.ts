import { bashCompletion } from './bash.ts'

/** zsh runs completions written for bash. */
export function zshCompletion(): string {
  return `#compdef rkt\nautoload -U +X bashcompinit && bashcompinit\n${bashCompletion()}`
}
