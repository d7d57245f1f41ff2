import { FlagValueError, FlagValues, type Flag } from './flag.ts'
import type { ImageArgument } from './command.ts'
import { isFlagWord, readFlag } from './read-flag.ts'
import { UsageProblem } from './usage-error.ts'

export interface FlagTarget {
  pod: FlagValues
  images: ImageArgument[]
  notices: string[]
}

/**
 * The grammar of `run`, `prepare`, `fetch` and `app add` after the first word, from left to right: a word is an image; `--`
 * opens the arguments of the image before it, and everything up to `---` is theirs, flags and `--` included; flags belong to the
 * image before them, or to the pod. Empty words and a `---` that closes nothing are skipped. Throws {@link UsageProblem}.
 */
export function parseImages(
  words: readonly string[],
  known: ReadonlyMap<string, Flag<unknown>>,
  target: FlagTarget,
  takesAppArgs: boolean,
): void {
  let imagesWithArgs = 0
  let index = 0
  while (index < words.length) {
    const word = words[index] ?? ''
    if (word === '--') {
      const image = target.images.at(-1)
      if (!takesAppArgs) throw new UsageProblem('app arguments unsupported')
      if (image === undefined) throw new UsageProblem('an image is required before any app arguments')
      if (imagesWithArgs === target.images.length) throw new UsageProblem('only one set of app arguments allowed per image')
      imagesWithArgs = target.images.length
      const end = words.indexOf('---', index + 1)
      image.args.push(...words.slice(index + 1, end === -1 ? words.length : end))
      index = end === -1 ? words.length : end + 1
    } else if (word === '' || word === '---') {
      index += 1
    } else if (isFlagWord(word)) {
      const { flag, text, next } = readFlag(words, index, known)
      setFlag(flag, text, target)
      index = next
    } else {
      target.images.push({ reference: word, flags: new FlagValues(), args: [] })
      index += 1
    }
  }
}

/** Hands the text to the pod's or the last image's values, as the flag's scope says. Throws {@link UsageProblem}. */
export function setFlag(flag: Flag<unknown>, text: string, target: FlagTarget): void {
  if (flag.deprecated !== undefined) target.notices.push(`Flag --${flag.name} has been deprecated, ${flag.deprecated}`)
  const image = target.images.at(-1)
  const scope = flag.scope ?? 'pod'
  try {
    if (image === undefined && (scope === 'image' || scope === 'application')) {
      throw new FlagValueError(`--${flag.name} must follow an ${scope}`)
    }
    const values = scope === 'pod' || image === undefined ? target.pod : image.flags
    values.add(flag, text)
  } catch (error) {
    if (!(error instanceof FlagValueError)) throw error
    throw new UsageProblem(`invalid argument ${JSON.stringify(text)} for --${flag.name}: ${error.message}`)
  }
}
