/** A `meta` element of a page: its attributes by lower-case name, references resolved. */
export type MetaTag = Readonly<Record<string, string>>

/** What stands in these is text, whatever it looks like. */
const textElements = new Set(['script', 'style', 'title', 'textarea', 'xmp', 'iframe', 'noembed', 'noframes'])

const tagName = /[a-z][^\s/>]*/iy
const attribute = /[\s/]*([^\s/>=][^\s/>=]*)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s>"'][^\s>]*)))?/y

/**
 * The `meta` tags of a page, in its order, wherever they stand: a page need not be valid, and may end anywhere. What is in comments, in
 * scripts and in other text is none. Time and memory grow with the page and no faster. Spec: HTML, "Tokenization", as far as it matters.
 */
export function scanMetaTags(page: string): MetaTag[] {
  const found: MetaTag[] = []
  for (let at = page.indexOf('<'); at !== -1; at = page.indexOf('<', at)) {
    if (page.startsWith('<!--', at)) {
      at = after(page, '-->', at + 2)
      continue
    }
    const name = match(tagName, page, at + 1)
    if (name === null) {
      at += 1
      continue
    }
    const tag = readAttributes(page, at + 1 + name[0].length)
    at = tag.end
    const element = name[0].toLowerCase()
    if (element === 'meta') found.push(tag.attributes)
    if (textElements.has(element)) at = endOfText(page, element, at)
  }
  return found
}

/** Of attributes with one name the first counts. A tag that the page does not close has none. */
function readAttributes(page: string, start: number): { attributes: MetaTag; end: number } {
  const attributes = new Map<string, string>()
  let at = start
  for (;;) {
    const found = match(attribute, page, at)
    if (found === null) break
    const [text, name = '', double, single, bare] = found
    at += text.length
    const key = name.toLowerCase()
    if (!attributes.has(key)) attributes.set(key, resolveReferences(double ?? single ?? bare ?? ''))
  }
  const end = page.indexOf('>', at)
  return end === -1 ? { attributes: {}, end: page.length } : { attributes: Object.fromEntries(attributes), end: end + 1 }
}

/** Where the text of an element ends; without an end tag that is the end of the page. */
function endOfText(page: string, element: string, from: number): number {
  for (let at = page.indexOf('</', from); at !== -1; at = page.indexOf('</', at + 2)) {
    if (page.slice(at + 2, at + 2 + element.length).toLowerCase() === element) return at + 2
  }
  return page.length
}

const named: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }

function resolveReferences(text: string): string {
  return text.replace(/&(?:#(\d{1,7})|#x([0-9a-f]{1,6})|(amp|lt|gt|quot|apos));/gi, (whole, decimal?: string, hex?: string, name?: string) => {
    if (name !== undefined) return named[name.toLowerCase()] ?? whole
    const code = decimal === undefined ? parseInt(hex ?? '', 16) : Number(decimal)
    return code <= 0x10ffff ? String.fromCodePoint(code) : whole
  })
}

function after(page: string, mark: string, from: number): number {
  const at = page.indexOf(mark, from)
  return at === -1 ? page.length : at + mark.length
}

function match(pattern: RegExp, page: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at
  return pattern.exec(page)
}
