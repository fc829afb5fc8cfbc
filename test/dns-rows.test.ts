import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { checkRows, readRowLines } from './house/dns-rows.ts'

/** How many rules each chapter has; its letter stands before their numbers. */
const ROWS = { H: 15, N: 10, G: 5, E: 13, T: 7, R: 7, L: 11, F: 8, A: 3, P: 30 }
const LIST = readFileSync(new URL('dns-rows.md', import.meta.url), 'utf8')

function read(path: string): string | undefined {
  const file = new URL(path, import.meta.url)
  return existsSync(file) ? readFileSync(file, 'utf8') : undefined
}

test('every rule of DNS is shown by a test that exists', () => {
  expect(checkRows(readRowLines(LIST), ROWS, read)).toEqual([])
})

describe('what is wrong with a list is told:', () => {
  const HEAD = '| row | rule | command | test |\n|---|---|---|---|\n'
  const FILES: Readonly<Record<string, string>> = {
    'a.test.ts': 'test(\'dig says "a"\', () => {})\ntest(`kdig ${NOTICE}`, () => {})\n',
    'b.golden.txt': '# one\n> 00\n# one and a half\n',
  }
  test.each<[string, readonly string[]]>([
    ['| X1 | a | `dig a` | `a.test.ts`: dig says "a" |', []],
    ['| X1 | a | | `a.test.ts`: kdig |', []],
    ['| X1 | a | | `b.golden.txt`: one |', []],
    ['| X1 | a | | `a.test.ts`: kdig |\n| | Not here: we do not | | |', []],
    ['| X1 | Not here: we do not | | |', []],
    ['', ['X1 is missing']],
    ['| Y1 | a | | `a.test.ts`: kdig |', ['X1 is missing', 'Y1 is no row']],
    ['| X1 | a | | `a.test.ts`: kdig |\n| X1 | a | | `a.test.ts`: kdig |', ['X1 stands twice']],
    ['| X1 | | | `a.test.ts`: kdig |', ['line 3: X1 says no rule']],
    ['| X1 | a | | |', ['line 3: neither a test nor a reason']],
    ['| X1 | Not here: | | |', ['line 3: neither a test nor a reason']],
    ['| X1 | a | | `c.test.ts`: kdig |', ['line 3: there is no c.test.ts']],
    ['| X1 | a | | `a.test.ts`: dig says |', ['line 3: a.test.ts has no "dig says"']],
    ['| X1 | a | | `b.golden.txt`: one and |', ['line 3: b.golden.txt has no "one and"']],
    ['| X1 | a | dig a | `a.test.ts`: kdig |', ['line 3: what program is it?']],
    ['| X1 | a | `drill a` | `a.test.ts`: kdig |', ['line 3: a.test.ts knows nothing of drill']],
  ])('%s', (row, faults) => {
    const lines = readRowLines(HEAD + row)
    expect(checkRows(lines, { X: 1 }, (path) => FILES[path])).toEqual(faults)
  })
})
