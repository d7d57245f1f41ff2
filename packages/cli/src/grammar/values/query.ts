import { FlagValueError } from '../flag.ts'

/** `a=1,b=2` as rkt reads volumes and mounts: the query string of a URL with commas for `&`, percent escapes included. */
export function parseCommaQuery(text: string): Map<string, string> {
  const values = new Map<string, string[]>()
  for (const part of text.split(/[,&]/)) {
    if (part === '') continue
    const equals = part.indexOf('=')
    const key = unescapeQuery(equals === -1 ? part : part.slice(0, equals))
    const value = unescapeQuery(equals === -1 ? '' : part.slice(equals + 1))
    values.set(key, [...(values.get(key) ?? []), value])
  }
  const single = new Map<string, string>()
  for (const [key, given] of values) {
    if (given.length > 1) throw new FlagValueError(`label ${key} with multiple values ${JSON.stringify(given)}`)
    single.set(key, given[0] ?? '')
  }
  return single
}

function unescapeQuery(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    throw new FlagValueError(`invalid URL escape in ${JSON.stringify(text)}`)
  }
}
