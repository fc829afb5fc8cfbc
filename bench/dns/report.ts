import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { describeMachine, root, run } from '../process.ts'

/** Numbers to text: medians, tables, and the dated rows in bench/README.md. */

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length / 2
  const high = sorted[Math.floor(middle)] ?? Number.NaN
  if (sorted.length % 2 === 1) return high
  return (high + (sorted[middle - 1] ?? Number.NaN)) / 2
}

export function round(value: number, digits: number): string {
  return Number.isFinite(value) ? value.toFixed(digits) : '–'
}

/** 241234 → 241,200: the digits behind are noise. */
export function thousands(value: number): string {
  return Number.isFinite(value) ? (Math.round(value / 100) * 100).toLocaleString('en') : '–'
}

export function percent(share: number): string {
  return Number.isFinite(share) ? `${(share * 100).toFixed(2)} %` : '–'
}

export type Row = Readonly<Record<string, string>>

export function formatTable(rows: readonly Row[]): string {
  const columns = Object.keys(rows[0] ?? {})
  const widths = columns.map((column) =>
    Math.max(column.length, ...rows.map((row) => (row[column] ?? '').length)),
  )
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join(' | ')} |`
  const rule = widths.map((width) => '-'.repeat(width))
  const body = rows.map((row) => line(columns.map((column) => row[column] ?? '')))
  return [line(columns), line(rule), ...body].join('\n')
}

/** Appends dated rows to the table of these columns in bench/README.md, made if absent. */
export async function record(heading: string, rows: readonly Row[]): Promise<void> {
  const file = join(root, 'bench/README.md')
  const commit = (await run(['git', 'rev-parse', '--short', 'HEAD'])).trim()
  const date = new Date().toISOString().slice(0, 10)
  const dated = rows.map((row) => ({ date, commit, machine: describeMachine(), ...row }))
  const columns = Object.keys(dated[0] ?? {})
  const head = [columns, columns.map(() => '---')].map(toLine).join('\n')
  const lines = dated.map((row: Row) => toLine(columns.map((column) => row[column] ?? '')))
  const text = existsSync(file) ? readFileSync(file, 'utf8') : '# Benchmarks\n'
  const start = text.indexOf(head)
  if (start < 0) {
    appendFileSync(file, `\n## ${heading}\n\n${head}\n${lines.join('\n')}\n`)
    return
  }
  // The table ends at the first empty line, or with the file.
  const blank = text.indexOf('\n\n', start)
  const end = blank < 0 ? text.trimEnd().length : blank
  const rest = text.slice(end).trim()
  const tail = rest === '' ? '' : `\n${rest}\n`
  writeFileSync(file, `${text.slice(0, end)}\n${lines.join('\n')}\n${tail}`)
}

function toLine(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`
}
