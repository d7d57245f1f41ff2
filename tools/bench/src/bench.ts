import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { performancePage } from './performance-page.ts'
import { judge, makeReport, table, type Result } from './report.ts'
import { rows } from './rows.ts'
import { installPeers, World } from './world.ts'

const usage = `usage: bench [--turns=N] [--json=FILE] [--page=FILE] [--check] [ROW…]
rows: ${rows.map((row) => row.id).join(' ')}
  --turns   how often each side is measured (15)
  --json    where every measured number goes (.rocket/bench/report.json)
  --page    writes the page of performance from it, docs/performance.md in the repository
  --check   ends with 1 when a promise is not kept
`

/** Runs the rows, ours and the peer in turn, and prints medians, ratio and bound. */
async function bench(): Promise<void> {
  const { values, positionals } = parse()
  const unknown = positionals.filter((id) => !rows.some((row) => row.id === id))
  if (unknown.length > 0) return fail(`no such row: ${unknown.join(', ')}\n${usage}`)
  if (process.getuid?.() !== 0) return fail('pods and their peers need root\n')
  const world = new World(Number(values.turns))
  installPeers(world.root)
  const results: Result[] = []
  let broken = 0
  try {
    for (const row of rows.filter(({ id }) => positionals.length === 0 || positionals.includes(id))) {
      process.stderr.write(`${row.id}: ${row.what}\n`)
      try {
        const result = judge(row, await row.measure(world))
        results.push(result)
        process.stderr.write(table([result]))
      } catch (error) {
        // One row that cannot be measured does not cost the others.
        broken++
        process.stderr.write(`${row.id} could not be measured: ${(error as Error).message}\n`)
      }
    }
  } finally {
    await world.close()
  }
  const report = makeReport(results, world.node)
  const json = resolve(values.json ?? join(world.work, 'report.json'))
  mkdirSync(dirname(json), { recursive: true })
  writeFileSync(json, `${JSON.stringify(report, undefined, 2)}\n`)
  if (values.page !== undefined) writeFileSync(values.page, performancePage(report))
  process.stdout.write(table(results))
  if (broken > 0 || (values.check && results.some((result) => !result.kept))) process.exitCode = 1
}

function parse(): { values: { turns: string; json?: string; page?: string; check: boolean }; positionals: string[] } {
  return parseArgs({
    allowPositionals: true,
    options: {
      turns: { type: 'string', default: '15' }, json: { type: 'string' }, page: { type: 'string' },
      check: { type: 'boolean', default: false },
    },
  })
}

function fail(message: string): void {
  process.stderr.write(message)
  process.exitCode = 2
}

await bench()
