import { documentKinds, stageContracts } from '@rocket/contracts'
import type { DocumentKind } from '@rocket/contracts'
import { documents } from '@rocket/contracts/schemas'
import { globSync, readFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { escapeCell } from './error-page.ts'
import type { JsonSchema } from './field-table.ts'
import { makeFieldTable } from './field-table.ts'

const header = '<!-- Generated from the schemas in packages/contracts by tools/docs. -->'

/** A page and a JSON Schema for every kind of document, and the index with what each verb reads and writes. */
export function makeContractPages(root: string): [string, string][] {
  // A kind that shares another's schema (a copy of an image record) has no page of its own.
  const kinds = (Object.keys(documents) as DocumentKind[]).filter((kind) => !('schema' in documentKinds[kind]))
  const schemas = kinds.map((kind) => [kind, documents[kind].toJSONSchema({ io: 'input' }) as JsonSchema] as const)
  return [
    ['docs/contracts/README.md', makeIndex(schemas)],
    ...schemas.map(([kind, schema]): [string, string] => [`docs/contracts/${slug(kind)}.md`, makePage(root, kind, schema, kinds)]),
    ...schemas.map(([kind, schema]): [string, string] => [`docs/contracts/schemas/${slug(kind)}.json`, `${JSON.stringify(schema, null, 2)}\n`]),
  ]
}

/** `AppStatus` is `app-status`. */
export function slug(kind: string): string {
  return kind.replaceAll(/(?<=[a-z0-9])[A-Z]/g, '-$&').toLowerCase()
}

function makePage(root: string, kind: DocumentKind, schema: JsonSchema, kinds: readonly string[]): string {
  const { file, chained } = documentKinds[kind]
  const place = { pod: 'in the pod', store: 'in the store', flavor: 'beside the flavor\'s program', guest: 'between a virtual machine and its guest', config: 'in a configuration directory', stream: 'by a stage that failed' }[documentKinds[kind].in]
  const others = new Map(kinds.filter((other) => other !== kind).map((other) => [other, `${slug(other)}.md`]))
  return [
    header,
    `# ${kind}\n`,
    ...(schema.description ? [`${schema.description}\n`] : []),
    `- **Where:** \`${file}\`, ${place}`,
    `- **Written by:** ${schema.writer ?? 'see the file\'s owner'}`,
    `- **Read by:** ${(schema.readers ?? []).join(', ')}`,
    `- **Kept as it was:** ${chained ? 'yes, its digest is chained in `road.jsonl`' : 'no, replaced atomically by its owner, or never changed by its name'}`,
    `- **JSON Schema:** [schemas/${slug(kind)}.json](schemas/${slug(kind)}.json)\n`,
    '## Fields\n',
    makeFieldTable(schema, others),
    ...makeExample(root, kind),
  ].join('\n')
}

/** One of the good examples that the tests use: the plainest, where one is called so. Long ones are only linked. */
function makeExample(root: string, kind: DocumentKind): string[] {
  const files = globSync(`packages/contracts/src/**/${findExamples(root, kind)}/examples/*.{json,jsonl}`, { cwd: root }).toSorted()
  const file = files.find((path) => path.endsWith('/one-app.json')) ?? files[0]
  if (!file) return []
  const text = readFileSync(join(root, file), 'utf8').trimEnd()
  const shown = text.split('\n').length <= 100 ? `\n\n\`\`\`json\n${text}\n\`\`\`` : ''
  const heading = `\n## Example\n\n[\`${basename(file)}\`](../../${file}), one of [all](../../${dirname(file)})`
  return [`${heading}${shown}\n`]
}

/** The folder of `road-line` is `road`: the longest name that the page's begins with. */
function findExamples(root: string, kind: DocumentKind): string {
  const name = slug(kind)
  const folders = globSync('packages/contracts/src/**/examples', { cwd: root }).map((path) => basename(dirname(path)))
  return folders.filter((folder) => `${name}-`.startsWith(`${folder}-`)).toSorted((one, other) => other.length - one.length)[0] ?? name
}

function makeIndex(schemas: readonly (readonly [DocumentKind, JsonSchema])[]): string {
  const rows = schemas.map(([kind, { writer = '', readers = [] }]) =>
    `| [${kind}](${slug(kind)}.md) | \`${documentKinds[kind].file}\` | ${escapeCell(writer)} | ${escapeCell(readers.join(', '))} |`)
  const verbs = Object.entries(stageContracts).flatMap(([stage, contract]) =>
    Object.entries(contract).map(([verb, { cwd, reads, writes }]) => `| \`${stage} ${verb}\` | ${cwd} | ${list(reads)} | ${list(writes)} |`))
  return [
    header,
    '# The documents between stages\n',
    'Each is written once by its one writer, or replaced atomically by its one owner. A stage is any program that reads and writes them.\n',
    '| document | file | written by | read by |\n| --- | --- | --- | --- |',
    ...rows,
    '\n## What each verb reads and writes\n',
    '`PROGRAM VERB`, run in the pod or the store. A document marked `?` may be absent.\n',
    '| verb | runs in | reads | writes |\n| --- | --- | --- | --- |',
    ...verbs,
    '',
  ].join('\n')
}

function list(kinds: readonly string[]): string {
  return kinds.length > 0 ? kinds.map((kind) => `\`${kind}\``).join(', ') : 'nothing'
}
