import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { BOARDS, fileOf, textOf } from '../grafana/build.ts'
import { exprOf } from '../grafana/dashboard.ts'
import { createMetrics } from '../src/adapters/telemetry/metrics.ts'
import { someSources } from './adapters/telemetry/sources.ts'

const GRAFANA = new URL('../grafana/', import.meta.url)
const ALERTS = new URL('alerts/cairn.rules.yml', GRAFANA)

const panels = BOARDS.flatMap(({ sections }) => sections.flatMap((section) => section.panels))
const exprs = panels.flatMap(({ queries }) => queries.map(exprOf))
const alerts = readFileSync(ALERTS, 'utf8')

/** Every metric that is exposed, with the series that its type adds. */
async function exposed(): Promise<ReadonlyMap<string, readonly string[]>> {
  const { body } = await createMetrics(someSources()).render()
  const types = body.matchAll(/^# TYPE (\S+) (\S+)$/gm)
  return new Map(
    [...types].map(([, name = '', type = '']) => {
      const added = type === 'histogram' ? ['_bucket', '_sum', '_count'] : []
      if (type === 'summary') added.push('', '_sum', '_count')
      return [name, added.length === 0 ? [name] : added.map((suffix) => name + suffix)]
    }),
  )
}

function metricsIn(text: string): readonly string[] {
  const names = text.matchAll(/\b(?:cairn|process|nodejs)_[a-z_]+/g)
  return [...new Set([...names].map(([name]) => name))]
}

test('every metric of Cairn is in a dashboard', async () => {
  const shown = new Set(exprs.flatMap(metricsIn))
  const unseen = [...(await exposed())]
    .filter(([name]) => name.startsWith('cairn_'))
    .filter(([, series]) => !series.some((one) => shown.has(one)))
  expect(unseen.map(([name]) => name)).toEqual([])
})

test('every metric that a dashboard or an alert asks for exists', async () => {
  const known = new Set([...(await exposed()).values()].flat())
  const asked = [...exprs, alerts].flatMap(metricsIn)
  expect(asked.filter((name) => !known.has(name))).toEqual([])
})

test('every metric of Cairn is in the table of its README', async () => {
  const readme = new URL('../src/adapters/telemetry/README.md', import.meta.url)
  const told = new Set(metricsIn(readFileSync(readme, 'utf8')))
  const own = [...(await exposed()).keys()].filter((name) => name.startsWith('cairn_'))
  expect(own.filter((name) => !told.has(name))).toEqual([])
  const all = new Set((await exposed()).keys())
  expect([...told].filter((name) => name.startsWith('cairn_') && !all.has(name))).toEqual([])
})

test.each(BOARDS)('the file of $uid is up to date (node grafana/build.ts)', (board) => {
  expect(readFileSync(fileOf(board), 'utf8')).toBe(textOf(board))
})

test.each(BOARDS)('$uid can be provisioned as it is', (board) => {
  const text = textOf(board)
  expect(text).not.toContain('__inputs')
  const parsed: unknown = JSON.parse(text)
  expect(parsed).toMatchObject({ id: null, uid: board.uid, schemaVersion: 39 })
  const ids = [...text.matchAll(/^ {6}"id": (\d+),$/gm)].map(([, id]) => id)
  expect(new Set(ids).size).toBe(ids.length)
})

test.each(panels)('the panel "$title" says what it shows', ({ description, unit, width }) => {
  expect(description).toMatch(/^.{25,140}\.$/)
  expect(unit).not.toBe('')
  expect(24 % width).toBe(0)
})

test('panels stand beside each other, not upon each other', () => {
  for (const board of BOARDS) {
    const taken = new Set<string>()
    const places = textOf(board).matchAll(/"x": (\d+),\s+"y": (\d+),\s+"w": (\d+),\s+"h": (\d+)/g)
    for (const [, x, y, w, h] of places) {
      for (let i = 0; i < Number(w) * Number(h); i++) {
        const cell = `${Number(x) + (i % Number(w))}:${Number(y) + Math.floor(i / Number(w))}`
        expect(taken.has(cell), `${board.uid} ${cell}`).toBe(false)
        taken.add(cell)
      }
    }
  }
})

test('every alert has a severity and a place in the README', () => {
  const readme = readFileSync(new URL('README.md', GRAFANA), 'utf8')
  const names = [...alerts.matchAll(/- alert: (\w+)/g)].map(([, name = '']) => name)
  const headings = [...readme.matchAll(/^### (\w+)$/gm)].map(([, name = '']) => name)
  expect(headings).toEqual(names)
  expect([...alerts.matchAll(/severity: (critical|warning|info)\b/g)]).toHaveLength(names.length)
  for (const name of names) {
    expect(alerts).toContain(`runbook: grafana/README.md#${name.toLowerCase()}\n`)
  }
})

/** Of Debian's package prometheus. */
const PROMTOOL = 'promtool'
const hasPromtool = spawnSync(PROMTOOL, ['--version']).error === undefined

function promtool(...args: readonly string[]) {
  const { status, stdout, stderr } = spawnSync(PROMTOOL, args, { encoding: 'utf8' })
  return { status, said: stdout + stderr }
}

const NOTICE = '(skipped without promtool: apt-get install prometheus)'

test.skipIf(!hasPromtool)(`the queries of all panels are PromQL ${NOTICE}`, () => {
  const rules = exprs.map((expr, i) => ({
    record: `panel:query:${i}`,
    expr: expr.replaceAll('$__rate_interval', '5m'),
  }))
  const folder = mkdtempSync(join(tmpdir(), 'cairn-grafana-'))
  try {
    // JSON is YAML.
    const file = join(folder, 'panels.yml')
    writeFileSync(file, JSON.stringify({ groups: [{ name: 'panels', rules }] }))
    const { status, said } = promtool('check', 'rules', file)
    expect(said).toContain(`SUCCESS: ${exprs.length} rules found`)
    expect(status).toBe(0)
  } finally {
    rmSync(folder, { recursive: true })
  }
})

test.skipIf(!hasPromtool)(`the alerts are valid and do what they say ${NOTICE}`, () => {
  expect(promtool('check', 'rules', ALERTS.pathname)).toMatchObject({ status: 0 })
  const cases = new URL('alerts/cairn.test.yml', GRAFANA)
  expect(promtool('test', 'rules', cases.pathname)).toMatchObject({ status: 0 })
})
