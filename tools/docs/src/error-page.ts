import { errorCodes } from '@rocket/contracts'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** docs/errors.md. The headings are the comments between the codes; an unknown layout of that file is our own mistake. */
export function makeErrorPage(root: string): [string, string][] {
  const source = readFileSync(join(root, 'packages/contracts/src/errors/codes.ts'), 'utf8')
  const groups = new Map<string, string[]>()
  let rows: string[] = []
  for (const line of source.split('\n')) {
    const heading = /^ {2}\/\/ (.+)$/.exec(line)?.[1]
    if (heading) groups.set(heading, rows = groups.get(heading) ?? [])
    const code = /^ {2}([A-Z][A-Z0-9_]+):/.exec(line)?.[1]
    if (code && code in errorCodes) rows.push(`| \`${code}\` | ${escapeCell(errorCodes[code as keyof typeof errorCodes])} |`)
  }
  const listed = [...groups.values()].flat().length
  if (listed !== Object.keys(errorCodes).length) throw new Error(`codes.ts has ${Object.keys(errorCodes).length} codes, ${listed} stand under a heading`)
  const sections = [...groups].filter(([, codes]) => codes.length > 0)
    .map(([heading, codes]) => `## ${upperFirst(heading)}\n\n| code | meaning |\n| --- | --- |\n${codes.join('\n')}\n`)
  return [['docs/errors.md', `${introduction}\n${sections.join('\n')}`]]
}

const introduction = `<!-- Generated from packages/contracts/src/errors/codes.ts by tools/docs. -->
# Errors

Every error that a user of Rocket can meet carries one of these codes. Codes are contract: they are never renamed or used again, so a
script may match on them. On a terminal an error is printed as code, what failed, why, and a hint; between programs it crosses as
[an error document](contracts/error-document.md). \`rkt\` exits with 254 when it failed itself; any other status is the app's own.
`

export function escapeCell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ')
}

function upperFirst(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}
