import { RocketError } from '@rocket/contracts'
import { formatKeyReview, type PublicKey } from '@rocket/trust'
import type { Terminal } from './terminal.ts'

export interface KeyToReview {
  keys: readonly PublicKey[]
  /** Where they come from. */
  location: string
  /** Empty for every image. */
  prefix: string
}

/**
 * Shows the keys of one place and asks whether to trust them; only the words yes and no are taken. Throws KEY_NOT_TRUSTED when nobody can be
 * asked. Reference: rkt, "rkt trust".
 */
export function reviewKey({ keys, location, prefix }: KeyToReview, terminal: Terminal): boolean {
  showKey({ keys, location, prefix }, terminal)
  if (!terminal.isTerminal) {
    terminal.say(`To trust the key for ${JSON.stringify(prefix)}, do one of the following:\n - call rkt with --trust-keys-from-https\n - run: rkt trust --prefix ${JSON.stringify(prefix)}`)
    throw notReviewed('unable to ask user to review fingerprint due to lack of tty')
  }
  for (terminal.print('Are you sure you want to trust this key (yes/no)?\n'); ; terminal.print("Please enter 'yes' or 'no'\n")) {
    const answer = terminal.readLine()
    if (answer === undefined) throw notReviewed('the question was not answered')
    if (answer === 'yes') return true
    if (answer === 'no') return false
  }
}

export function showKey({ keys, location, prefix }: KeyToReview, terminal: Terminal): void {
  terminal.say(`prefix: ${JSON.stringify(prefix)}\nkey: ${JSON.stringify(location)}`)
  for (const key of keys) terminal.print(formatKeyReview(key))
}

function notReviewed(why: string): RocketError {
  return new RocketError('KEY_NOT_TRUSTED', {
    what: 'error reviewing key', why, hint: 'compare the fingerprint with one from elsewhere, then use --skip-fingerprint-review', cause: new Error(why),
  })
}
