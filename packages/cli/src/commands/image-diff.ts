import type { Invocation } from '../grammar/command.ts'
import { outputFlags } from '../grammar/flags/output.ts'
import { useImages } from '../images/use-image.ts'
import { formatJson } from '../print/json.ts'
import { writeOut } from '../print/write.ts'

/** `rkt image diff`: from the trees of the store, nothing is unpacked. Exits with 0 whether there are differences or not. */
export async function run({ flags, positionals }: Invocation): Promise<number> {
  const format = flags.get(outputFlags.format)
  await useImages(flags, positionals, async (before, after) => {
    const { diffTrees } = await import('@rocket/image')
    const differences = []
    for (const difference of diffTrees(before!.trees, after!.trees)) {
      const path = `/${Buffer.from(difference.path, 'latin1').toString('utf8')}`
      const changes = difference.kind === 'changed' ? difference.changes : []
      if (format === '') writeOut(`${marks[difference.kind]} ${printable(path)}${changes.map(changeText).join('')}\n`)
      else differences.push({ ...difference, path })
    }
    if (format !== '') writeOut(formatJson(differences, format))
  })
  return 0
}

const marks = { added: 'A', removed: 'D', changed: 'C' }

function changeText({ what, from, to }: { what: string; from: string; to: string }): string {
  if (what === 'content' || what === 'xattrs') return ` ${what}`
  return ` ${what} ${printable(from === '' ? '-' : from)} → ${printable(to === '' ? '-' : to)}`
}

/** Names of files are strangers' text: a control character must not reach the terminal. */
function printable(text: string): string {
  return /^[^\p{C}\s]+$/u.test(text) ? text : JSON.stringify(text).replaceAll(/[\p{C}--[\n]]/gv, (character) => (
    `\\u${character.codePointAt(0)!.toString(16).padStart(4, '0')}`
  ))
}
