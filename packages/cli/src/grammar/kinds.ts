import { FlagValueError, type FlagKind } from './flag.ts'
import { parseGoBool, parseGoDuration, parseGoInt } from './go-values.ts'

/** A string; the last one given wins. */
export function text(initial = ''): FlagKind<string> {
  return { initial, shownDefault: JSON.stringify(initial), add: (_, given) => given }
}

/** A string that may be given once per image; `flagName` is quoted in the error. */
export function textOnce(flagName: string): FlagKind<string> {
  return {
    initial: '',
    shownDefault: '""',
    add(_, given, isFirst) {
      if (!isFirst) throw new FlagValueError(`--${flagName} specified multiple times for the same image`)
      return given
    },
  }
}

/** Repeatable; commas are part of the value. */
export const texts: FlagKind<readonly string[]> = { initial: [], shownDefault: '', add: (soFar, given) => [...soFar, given] }

/** Repeatable and comma separated. */
export const commaTexts: FlagKind<readonly string[]> = {
  initial: [],
  shownDefault: '',
  add: (soFar, given) => [...soFar, ...given.split(',').map((word) => word.trim()).filter((word) => word !== '')],
}

/** `--debug`, `--debug=false`; never takes the next word. */
export function bool(initial = false): FlagKind<boolean> {
  return { initial, bareText: 'true', shownDefault: String(initial), add: (_, given) => parseGoBool(given) }
}

/** A boolean that must have a value, and so takes the next word. */
export function explicitBool(flagName: string): FlagKind<boolean> {
  return {
    initial: false,
    shownDefault: 'false',
    add(_, given) {
      try {
        return parseGoBool(given)
      } catch {
        throw new FlagValueError(`--${flagName} must be set with a boolean`)
      }
    },
  }
}

/** `subject` names the thing in the error of a number out of range, as appc's library does. */
export function integer(subject: string, min: number, max: number): FlagKind<number | undefined> {
  return {
    initial: undefined,
    shownDefault: '',
    add(_, given) {
      const value = parseGoInt(given)
      if (value < min || value > max) throw new FlagValueError(`${subject} must be between ${min} and ${max}, got ${value}`)
      return value
    },
  }
}

/** Milliseconds, written as Go durations. */
export function duration(initialMs: number, shownDefault: string): FlagKind<number> {
  return { initial: initialMs, shownDefault, add: (_, given) => parseGoDuration(given) }
}

/** One word of several; anything else is `message(word)`. */
export function oneOf<T extends string>(initial: T, words: readonly T[], message: (given: string) => string): FlagKind<T> {
  return {
    initial,
    shownDefault: JSON.stringify(initial),
    add(_, given) {
      const found = words.find((word) => word === given)
      if (found === undefined) throw new FlagValueError(message(given))
      return found
    },
  }
}

/** The same, whatever case it is written in. */
export function lowerCase<T>(kind: FlagKind<T>): FlagKind<T> {
  return { ...kind, add: (soFar, given, isFirst) => kind.add(soFar, given.toLowerCase(), isFirst) }
}

/** How long to wait: `undefined` is not at all, no `limitMs` is for ever. */
export interface Wait {
  limitMs?: number
}

export const wait: FlagKind<Wait | undefined> = {
  initial: undefined,
  bareText: 'true',
  valueIsOptional: true,
  shownDefault: 'false',
  add(_, given) {
    if (given === '') return {}
    if (given === 'true' || given === 'false') return given === 'true' ? {} : undefined
    const limitMs = parseGoDuration(given)
    return limitMs === 0 ? undefined : limitMs < 0 ? {} : { limitMs }
  },
}

/** A list of known words, comma separated, replaced as a whole when the flag is given again. */
export function wordSet(initial: readonly string[], words: readonly string[]): FlagKind<readonly string[]> {
  return {
    initial,
    shownDefault: JSON.stringify(initial.join(',')),
    add(_, given) {
      const chosen: string[] = []
      for (const word of given.split(',').map((part) => part.toLowerCase())) {
        if (!words.includes(word)) throw new FlagValueError(`unknown option ${JSON.stringify(word)}`)
        if (chosen.includes(word)) throw new FlagValueError(`duplicated option ${JSON.stringify(word)}`)
        chosen.push(word)
      }
      return chosen
    },
  }
}
