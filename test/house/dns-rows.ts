/** One line of `test/dns-rows.md`: a rule, or one more test of the rule above it. */
export interface RowLine {
  /** Of the line in the document, from 1. */
  readonly line: number
  /** `H1`; empty: it belongs to the row above. */
  readonly id: string
  readonly rule: string
  /** As it is written; empty: no program asks such a thing. */
  readonly command: string
  /** Below `test/`; empty: the rule is not kept here, and says why. */
  readonly file: string
  readonly test: string
}

const NOT_HERE = 'Not here: '

export function readRowLines(text: string): readonly RowLine[] {
  return text.split('\n').flatMap((source, i) => {
    const [, id = '', rule = '', command = '', shown = ''] =
      /^\| *([^|]*?) *\| *([^|]*?) *\| *([^|]*?) *\| *([^|]*?) *\|$/.exec(source) ?? []
    const isRow = source.startsWith('|') && id !== 'row' && !id.startsWith('-')
    const [, file = '', test = ''] = /^`([^`]+)`: (.+)$/.exec(shown) ?? []
    return isRow ? [{ line: i + 1, id, rule, command, file, test }] : []
  })
}

/**
 * What is wrong with the list. `counts`: how many rows each letter has, from 1 on. `read`: the text
 * of a file below `test/`; undefined: there is none.
 */
export function checkRows(
  lines: readonly RowLine[],
  counts: Readonly<Record<string, number>>,
  read: (path: string) => string | undefined,
): readonly string[] {
  return [...checkIds(lines, counts), ...lines.flatMap((one) => checkLine(one, read))]
}

function checkIds(
  lines: readonly RowLine[],
  counts: Readonly<Record<string, number>>,
): readonly string[] {
  const wanted = Object.entries(counts).flatMap(([letter, count]) =>
    Array.from({ length: count }, (_, i) => `${letter}${i + 1}`),
  )
  const listed = lines.map(({ id }) => id).filter((id) => id !== '')
  return [
    ...wanted.filter((id) => !listed.includes(id)).map((id) => `${id} is missing`),
    ...listed.filter((id) => !wanted.includes(id)).map((id) => `${id} is no row`),
    ...listed.filter((id, i) => listed.indexOf(id) !== i).map((id) => `${id} stands twice`),
  ]
}

function checkLine(one: RowLine, read: (path: string) => string | undefined): readonly string[] {
  const where = `line ${one.line}`
  if (one.id !== '' && one.rule === '') return [`${where}: ${one.id} says no rule`]
  if (one.file === '') {
    const isExplained = one.rule.length > NOT_HERE.length && one.rule.startsWith(NOT_HERE)
    return isExplained ? [] : [`${where}: neither a test nor a reason`]
  }
  const text = read(one.file)
  if (text === undefined) return [`${where}: there is no ${one.file}`]
  const faults: string[] = []
  if (!hasTest(one.file, text, one.test)) faults.push(`${where}: ${one.file} has no "${one.test}"`)
  const program = /^`(\w+)\b/.exec(one.command)?.[1]
  if (one.command !== '' && program === undefined) faults.push(`${where}: what program is it?`)
  if (program !== undefined && !new RegExp(String.raw`\b${program}\b`).test(text)) {
    faults.push(`${where}: ${one.file} knows nothing of ${program}`)
  }
  return faults
}

/** A whole literal of the source, or one that goes on with a value; a heading of golden text. */
function hasTest(file: string, text: string, name: string): boolean {
  const literal = RegExp.escape(name)
  const pattern = file.endsWith('.golden.txt')
    ? new RegExp(`^# ${literal}$`, 'm')
    : new RegExp(String.raw`(['"\x60])${literal}(?:\1| \$\{)`)
  return pattern.test(text)
}
