import type { Listed } from './list.ts'
import type { Effective } from './read.ts'
import type { Mistake } from './toml.ts'

const MASK = '"********"'

/** Every setting with its value and origin: TOML that can be fed back, secrets masked. */
export function showEffective(rows: readonly Effective[]): string {
  const shown = rows.map(({ key, shown, isSecret, origin }) => ({
    // A masked value fed back would be the password "********": so it is a comment.
    text: isSecret ? `# ${key} = ${MASK}` : `${key} = ${shown}`,
    origin,
  }))
  const width = Math.min(Math.max(0, ...shown.map(({ text }) => text.length)), 60)
  return shown.map(({ text, origin }) => `${text.padEnd(width)}  # ${origin}\n`).join('')
}

/** One line per mistake, in the form editors and people can jump to. */
export function showMistakes(mistakes: readonly Mistake[]): string {
  return mistakes.map(({ where, what }) => `${where} ${what}\n`).join('')
}

/** The settings part of `--help`. */
export function showTable(rows: readonly Listed[]): string {
  let section = ''
  const lines: string[] = []
  for (const row of rows) {
    const own = row.key.slice(0, row.key.indexOf('.'))
    if (own !== section) lines.push('')
    section = own
    const short = row.short === undefined ? '' : `, --${row.short}`
    lines.push(`  --${row.flag}${short}  (${row.isSecret ? 'secret' : row.shownDefault})`)
    lines.push(`      ${row.doc}`, `      ${row.expects}`)
  }
  return `${lines.join('\n')}\n`
}
