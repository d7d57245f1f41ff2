export interface JsonScan {
  /** Where the text stops being JSON. */
  fault?: { offset: number; why: string }
  /** The first key that its object had before, also in other case: two readers would take two values. */
  repeated?: { key: string; offset: number }
  /** A key that means something to the language rather than to the document. */
  reserved?: { key: string; offset: number }
}

const deepest = 100

/**
 * Looks at JSON without making values of it, for what `JSON.parse` does not tell: the place of a fault, and keys given twice. Stops at the
 * first fault; bounded in depth.
 */
export function scanJson(text: string): JsonScan {
  const result: JsonScan = {}
  /** Per open container: the keys of an object so far, or undefined for an array. */
  const open: (Set<string> | undefined)[] = []
  let at = 0
  const fault = (why: string): JsonScan => ({ ...result, fault: { offset: at, why } })
  const space = (): void => {
    while (at < text.length && ' \t\n\r'.includes(text[at]!)) at++
  }
  let expects: 'value' | 'key' | 'next' = 'value'
  /** After `[` or `{` the container may end at once. */
  let fresh = false
  for (;;) {
    space()
    const character = text[at]
    if (expects === 'next') {
      if (open.length === 0) return character === undefined ? result : fault('text after the end')
      const isObject = open.at(-1) !== undefined
      if (character === ',') {
        at++
        expects = isObject ? 'key' : 'value'
      } else if (character === (isObject ? '}' : ']')) {
        at++
        open.pop()
      } else return fault(`expected a comma or the end of the ${isObject ? 'object' : 'array'}`)
    } else if (fresh && character === (expects === 'key' ? '}' : ']')) {
      at++
      open.pop()
      expects = 'next'
      fresh = false
    } else if (expects === 'key') {
      fresh = false
      const offset = at
      const end = character === '"' ? stringEnd(text, at) : -1
      if (end === -1) return fault('expected a key')
      const key = JSON.parse(text.slice(at, end)) as string
      const keys = open.at(-1)!
      if (keys.has(key.toLowerCase())) result.repeated ??= { key, offset }
      if (key === '__proto__') result.reserved ??= { key, offset }
      keys.add(key.toLowerCase())
      at = end
      space()
      if (text[at] !== ':') return fault('expected a colon')
      at++
      expects = 'value'
    } else if (character === '{' || character === '[') {
      at++
      open.push(character === '{' ? new Set() : undefined)
      if (open.length > deepest) return fault('nested too deep')
      expects = character === '{' ? 'key' : 'value'
      fresh = true
    } else {
      fresh = false
      const end = scalarEnd(text, at)
      if (end === -1) return fault(character === undefined ? 'unexpected end' : 'expected a value')
      at = end
      expects = 'next'
    }
  }
}

/** The offset after the string that begins at `at`, or -1. */
function stringEnd(text: string, at: number): number {
  for (let index = at + 1; index < text.length; index++) {
    const code = text.charCodeAt(index)
    if (code === 0x22) return index + 1
    if (code < 0x20) return -1
    if (code !== 0x5c) continue
    index++
    const escape = text[index] ?? ''
    if (escape === 'u') {
      if (!/^[0-9a-fA-F]{4}$/.test(text.slice(index + 1, index + 5))) return -1
      index += 4
    } else if (!'"\\/bfnrt'.includes(escape) || escape === '') return -1
  }
  return -1
}

function scalarEnd(text: string, at: number): number {
  if (text[at] === '"') return stringEnd(text, at)
  const word = /^(true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?)(?![\w.])/.exec(text.slice(at, at + 400))?.[1]
  return word === undefined ? -1 : at + word.length
}
