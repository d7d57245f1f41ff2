import { readFileSync } from 'node:fs'
import { cpus, release } from 'node:os'
import { median, type Pair } from './measure.ts'
import type { Row } from './row.ts'
import { spawnSync } from 'node:child_process'

export interface Result {
  id: string
  what: string
  peer: string
  unit: 'ms' | 'MB'
  ours: number
  theirs: number | null
  ratio: number | null
  most: Row['most']
  kept: boolean
  measured: Pair
}

export interface Report {
  date: string
  machine: { cores: number; processor: string; kernel: string; memoryMb: number; system: string }
  versions: Record<string, string>
  results: Result[]
}

export function judge(row: Row, measured: Pair): Result {
  const ours = median(measured.ours)
  const theirs = measured.peer.length === 0 ? null : median(measured.peer)
  const ratio = theirs === null ? null : ours / theirs
  const kept = 'ratio' in row.most ? ratio !== null && ratio <= row.most.ratio : ours <= row.most.value
  const { id, what, peer, unit, most } = row
  return { id, what, peer, unit, ours, theirs, ratio, most, kept, measured }
}

export function makeReport(results: Result[], node: string): Report {
  return {
    date: new Date().toISOString().slice(0, 10),
    machine: {
      cores: cpus().length, processor: cpus()[0]?.model ?? 'unknown', kernel: release(),
      memoryMb: Math.round(Number(/MemTotal:\s+(\d+)/.exec(readFileSync('/proc/meminfo', 'latin1'))?.[1] ?? 0) / 1024),
      system: /^PRETTY_NAME="(.*)"/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1] ?? 'unknown',
    },
    versions: {
      node: `node ${firstLine(node, '--version')}`, podman: firstLine('podman', '--version'), crun: firstLine('crun', '--version'),
      runc: firstLine('runc', '--version'),
    },
    results,
  }
}

/** The table as the terminal shows it and as Markdown has it. */
export function table(results: readonly Result[]): string {
  const rows = results.map((result) => [
    result.id, result.what, number(result.ours, result.unit), result.theirs === null ? '' : number(result.theirs, result.unit), result.peer,
    result.ratio === null ? '' : `${result.ratio.toFixed(2)} ×`,
    'ratio' in result.most ? `${result.most.ratio} ×` : `${result.most.value} ${result.unit}`,
    result.kept ? 'yes' : 'NO',
  ])
  const head = ['row', 'what', 'ours', 'peer', 'beside', 'ratio', 'at most', 'kept']
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)))
  const line = (cells: readonly string[]): string => `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line), ''].join('\n')
}

function number(value: number, unit: string): string {
  return `${value < 10 ? value.toFixed(2) : value < 100 ? value.toFixed(1) : Math.round(value)} ${unit}`
}

function firstLine(program: string, argument: string): string {
  return (spawnSync(program, [argument], { encoding: 'utf8' }).stdout ?? '').split('\n')[0] ?? ''
}
